import { startBilling } from '@millrace/app-billing';
import {
  FIRST_TENANT,
  gatewaySettings,
  startGateway,
  type RunningGateway,
  type ServiceUrls,
} from '@millrace/app-gateway';
import { startNotifier } from '@millrace/app-notifier';
import { schedulerSettings, startScheduler } from '@millrace/app-scheduler';
import { makeApiKey } from '@millrace/intake';
import { systemRng } from '@millrace/kernel';
import { STRICT_RULES, type OutboundRules } from '@millrace/notifications';
import type { HostParts, RunningService } from '@millrace/platform';
import type { Foundation } from './foundation.js';
import type { StandaloneOptions } from './standalone-options.js';
import type { StartedParts } from './started-parts.js';

const LOOPBACK = { host: '127.0.0.1', port: 0 } as const;
/** Callbacks and images of a laptop come from the laptop. */
export const LOCAL_RULES: OutboundRules = { ...STRICT_RULES, allowLoopback: true, allowHttp: true };
/** First guess of what the demonstration model needs; measured ones take its place. */
const TYPICAL_TASK_S = 10;
const API_KEY_FILE = 'api-key';
const WEBHOOK_SECRET_FILE = 'webhook-secret';

/** Starts the four services in this process; the gateway last, for from then on work is accepted. */
export async function startServices(
  options: StandaloneOptions,
  foundation: Foundation,
  partsOf: (service: string) => HostParts,
  started: StartedParts,
): Promise<RunningGateway> {
  const { home, settings } = options;
  const { databaseUrl, objects } = foundation;
  const keep = async <Service extends RunningService>(starting: Promise<Service>): Promise<Service> => {
    const service = await starting;
    started.add(() => service.stop());
    return service;
  };
  const inside = (service: string) => ({
    parts: partsOf(service),
    databaseUrl,
    http: LOOPBACK,
    principalKey: home.secrets.principalKey,
  });
  const [notifier, billing, scheduler] = await Promise.all([
    keep(startNotifier({ ...inside('notifier'), urls: objects, outbound: LOCAL_RULES })),
    keep(startBilling(inside('billing'))),
    keep(
      startScheduler({
        ...inside('scheduler'),
        settings: {
          ...schedulerSettings.parse({ leaseMs: settings.leaseMs, holder: 'standalone' }),
          policy: settings.schedulingPolicy,
          recordCycles: settings.recordCycles,
        },
      }),
    ),
  ]);
  home.writeKey(WEBHOOK_SECRET_FILE, await notifier.secretOf(FIRST_TENANT.tenantId));
  const urls = { scheduler: scheduler.url, billing: billing.url, notifier: notifier.url };
  const gateway = await keep(startGatewayWith(options, foundation, partsOf('gateway'), urls));
  const key = options.bootstrapApiKey ?? home.readKey(API_KEY_FILE) ?? makeApiKey(systemRng);
  await gateway.bootstrapTenant({ ...FIRST_TENANT, interactive: true, key });
  home.writeKey(API_KEY_FILE, key);
  return gateway;
}

function startGatewayWith(
  { home, http, settings }: StandaloneOptions,
  { databaseUrl, objects, files }: Foundation,
  parts: HostParts,
  urls: ServiceUrls,
): Promise<RunningGateway> {
  return startGateway({
    parts,
    databaseUrl,
    http: { host: http.host, port: http.port },
    ...(http.publicUrl === undefined ? {} : { publicUrl: http.publicUrl }),
    objects: { store: objects, ...(files === undefined ? {} : { files }) },
    outbound: LOCAL_RULES,
    principalKey: home.secrets.principalKey,
    keyPepper: home.secrets.pepper,
    services: () => urls,
    settings: gatewaySettings.parse({
      typicalTaskS: TYPICAL_TASK_S,
      noopTasks: String(settings.noopTasks),
      stepDelayAllowed: 'true',
    }),
  });
}
