import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFileObjectStore } from '@millrace/adapter-object-store';
import { startBilling } from '@millrace/app-billing';
import { gatewaySettings, startGateway } from '@millrace/app-gateway';
import { gpuWorkerSettings, startGpuWorker } from '@millrace/app-gpu-worker';
import { startNotifier } from '@millrace/app-notifier';
import { schedulerSettings, startScheduler } from '@millrace/app-scheduler';
import type { Scope } from '@millrace/contracts';
import { silentLogger, systemClock, systemRng, type TenantId } from '@millrace/kernel';
import { createInMemoryBus } from '@millrace/messaging/testing';
import { VERSION, createHostParts, createObservability } from '@millrace/platform';
import { startPostgres } from '@millrace/test-kit';
import { migrateServices } from '../migrate-services.js';
import { LOCAL_RULES } from '../start-services.js';

const LOOPBACK = { host: '127.0.0.1', port: 0 } as const;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; an empty object where it is none. */
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly key: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** The five services in this process, over a real database and a bus in memory; the worker runs `noop` tasks. */
export interface AllServices {
  /** A key of a tenant, which is made where there is none. */
  keyOf(tenant: string, scopes: readonly Scope[]): Promise<string>;
  call(method: string, route: string, options: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export async function startAllServices(): Promise<AllServices> {
  const directory = await mkdtemp(path.join(tmpdir(), 'millrace-services-'));
  const database = await startPostgres();
  await migrateServices(database.url, silentLogger);
  const bus = createInMemoryBus({ clock: systemClock });
  const partsOf = (service: string) =>
    createHostParts(createObservability({ service, version: VERSION, logLevel: 'silent' }), bus);
  const principalKey = 'p'.repeat(32);
  let url = '';
  const store = createFileObjectStore({
    directory: path.join(directory, 'objects'),
    publicUrl: () => url,
    signingKey: systemRng.bytes(32),
    clock: systemClock,
  });
  const inside = (service: string) => ({
    parts: partsOf(service),
    databaseUrl: database.url,
    http: LOOPBACK,
    principalKey,
  });
  const notifier = await startNotifier({ ...inside('notifier'), urls: store, outbound: LOCAL_RULES });
  const billing = await startBilling(inside('billing'));
  const scheduler = await startScheduler({ ...inside('scheduler'), settings: schedulerSettings.parse({}) });
  const gateway = await startGateway({
    ...inside('gateway'),
    objects: { store, files: store },
    outbound: LOCAL_RULES,
    keyPepper: 'q'.repeat(32),
    services: () => ({ scheduler: scheduler.url, billing: billing.url, notifier: notifier.url }),
    settings: gatewaySettings.parse({ noopTasks: 'true' }),
  });
  url = gateway.url;
  const worker = await startGpuWorker({
    settings: gpuWorkerSettings.parse({
      engines: 'noop',
      workDirectory: path.join(directory, 'work'),
      spoolDirectory: path.join(directory, 'spool'),
    }),
    parts: partsOf('gpu-worker'),
    objects: store,
    outbound: LOCAL_RULES,
    version: VERSION,
  });
  return {
    keyOf: async (tenant, scopes) =>
      (await gateway.bootstrapTenant({ tenantId: tenant as TenantId, name: tenant, interactive: false, scopes })).key ??
      '',
    call: (method, route, options) => call(`${url}${route}`, method, options),
    close: async () => {
      for (const service of [worker, gateway, scheduler, billing, notifier]) await service.stop();
      await bus.close();
      await database.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function call(url: string, method: string, { key, body, headers }: CallOptions): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}
