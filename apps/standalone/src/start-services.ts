import { startBilling } from '@millrace/app-billing';
import { gatewaySettings, startGateway, type RunningGateway } from '@millrace/app-gateway';
import { startNotifier } from '@millrace/app-notifier';
import { schedulerSettings, startScheduler } from '@millrace/app-scheduler';
import { STRICT_RULES, type OutboundRules } from '@millrace/notifications';
import type { HostParts, RunningService } from '@millrace/platform';
import type { Foundation } from './foundation.js';
import type { StandaloneOptions } from './standalone-options.js';
import type { StartedParts } from './started-parts.js';

const LOOPBACK = { host: '127.0.0.1', port: 0 } as const;
/** Callbacks and images of a laptop come from the laptop. */
export const LOCAL_RULES: OutboundRules = { ...STRICT_RULES, allowLoopback: true, allowHttp: true };
const FIRST_TENANT = 'default';
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
        settings: schedulerSettings.parse({ leaseMs: settings.leaseMs, holder: 'standalone' }),
      }),
    ),
  ]);
  home.writeKey(WEBHOOK_SECRET_FILE, await notifier.secretOf(FIRST_TENANT));
  const urls = { schedulerUrl: scheduler.url, billingUrl: billing.url, notifierUrl: notifier.url };
  const gateway = await keep(startGatewayWith(options, foundation, partsOf('gateway'), urls));
  if (gateway.bootstrapKey !== undefined) home.writeKey(API_KEY_FILE, gateway.bootstrapKey);
  return gateway;
}

function startGatewayWith(
  { home, http, settings, bootstrapApiKey }: StandaloneOptions,
  { databaseUrl, objects, files }: Foundation,
  parts: HostParts,
  urls: { schedulerUrl: string; billingUrl: string; notifierUrl: string },
): Promise<RunningGateway> {
  const knownKey = bootstrapApiKey ?? home.readKey(API_KEY_FILE);
  return startGateway({
    parts,
    http: { host: http.host, port: http.port },
    objects: { store: objects, ...(files === undefined ? {} : { files }) },
    settings: gatewaySettings.parse({
      databaseUrl,
      publicUrl: http.publicUrl,
      keyPepper: home.secrets.pepper,
      bootstrapInteractive: true,
      bootstrapApiKey: knownKey,
      typicalTaskS: 15,
      noopEnabled: settings.noopTasks,
      stepDelayAllowed: true,
      outbound: LOCAL_RULES,
      forward: { principalKey: home.secrets.principalKey, ...urls },
      poolSize: 4,
    }),
  });
}
