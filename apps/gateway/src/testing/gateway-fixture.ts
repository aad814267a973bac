import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFileObjectStore, type FileObjectStore } from '@millrace/adapter-object-store';
import { migrate } from '@millrace/adapter-postgres';
import { INTAKE_MIGRATIONS, INTAKE_SCHEMA } from '@millrace/adapter-postgres/intake';
import { silentLogger, systemClock, systemIds, systemRng, type IdGenerator, type TenantId } from '@millrace/kernel';
import { EventStamper, createEventPublisher, createPropagatingTracer } from '@millrace/messaging';
import type { EventBus, NewEvent } from '@millrace/messaging/ports';
import { createInMemoryBus, type InMemoryBus } from '@millrace/messaging/testing';
import { HealthRegistry, type HostParts } from '@millrace/platform';
import { startHttpReceiver, startPostgres, type HttpReceiver, type ReceivedRequest } from '@millrace/test-kit';
import { Registry } from 'prom-client';
import { gatewaySettings, startGateway, type GatewaySettings, type RunningGateway } from '../index.js';

export const PRINCIPAL_KEY = 'p'.repeat(32);

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; an empty object where it is none. */
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string;
  readonly headers?: Record<string, string>;
  /** The key to use; null for none. */
  readonly key?: string | null;
}

/** A gateway over a real database, an in-memory bus and a file store, and two tenants' keys. */
export interface GatewayFixture {
  readonly gateway: RunningGateway;
  /** Unused where the test brought a bus. */
  readonly bus: InMemoryBus;
  readonly store: FileObjectStore;
  /** Not entitled to priority 1. */
  readonly key: string;
  /** Another tenant, entitled. */
  readonly otherKey: string;
  /** What was handed to the other services; they answer 200 with the path they were asked for, and 401 to `x-request-id: refused`. */
  readonly forwarded: readonly ReceivedRequest[];
  call(method: string, route: string, options?: CallOptions): Promise<Answer>;
  /** Puts events on the bus as the scheduler, worker or billing would. */
  publish(events: readonly NewEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** What a test may bring in place of the usual. */
export interface GatewaySurroundings {
  /** With its topics; the caller closes it. */
  readonly bus?: EventBus;
  readonly ids?: IdGenerator;
}

/** No scheduler speaks here, so a silent one is no reason to refuse, unless `settings` says so. */
export async function startGatewayFixture(
  settings: Partial<GatewaySettings> = {},
  surroundings: GatewaySurroundings = {},
): Promise<GatewayFixture> {
  const directory = await mkdtemp(path.join(tmpdir(), 'millrace-gateway-'));
  const database = await startPostgres();
  await migrate({ url: database.url, schema: INTAKE_SCHEMA, service: 'gateway', migrations: INTAKE_MIGRATIONS });
  const bus = createInMemoryBus({ clock: systemClock });
  const { services, forwarded } = await startOtherServices();
  let url = '';
  const store = createFileObjectStore({
    directory,
    publicUrl: () => url,
    signingKey: systemRng.bytes(32),
    clock: systemClock,
  });
  const gateway = await startGateway({
    parts: { ...partsOf(bus), ...surroundings },
    databaseUrl: database.url,
    http: { host: '127.0.0.1', port: 0 },
    objects: { store, files: store },
    outbound: { allowLoopback: false, allowHttp: false, ports: [443, 8443] },
    principalKey: PRINCIPAL_KEY,
    keyPepper: 'q'.repeat(32),
    services: () => ({ scheduler: services.url, billing: services.url, notifier: 'http://127.0.0.1:9' }),
    settings: { ...gatewaySettings.parse({ dispatchLagMaxS: 3_600 }), ...settings },
  });
  url = gateway.url;
  const keys = await makeKeys(gateway);
  const stamper = new EventStamper({ clock: systemClock, ids: systemIds });
  return {
    gateway,
    bus,
    store,
    ...keys,
    forwarded,
    call: (method, route, options = {}) => call(`${url}${route}`, method, { key: keys.key, ...options }),
    publish: (events) => createEventPublisher({ bus: surroundings.bus ?? bus, stamper }).publish(events),
    close: async () => {
      await gateway.stop();
      await bus.close();
      await services.close();
      await database.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function partsOf(bus: InMemoryBus): HostParts {
  return {
    clock: systemClock,
    rng: systemRng,
    ids: systemIds,
    logger: silentLogger,
    tracer: createPropagatingTracer(systemRng),
    metrics: new Registry(),
    health: new HealthRegistry(systemClock),
    bus,
  };
}

async function startOtherServices(): Promise<{ services: HttpReceiver; forwarded: ReceivedRequest[] }> {
  const forwarded: ReceivedRequest[] = [];
  const services = await startHttpReceiver((request) => {
    forwarded.push(request);
    return {
      status: request.headers['x-request-id'] === 'refused' ? 401 : 200,
      headers: { 'content-type': 'application/json', 'x-secret': 'inside' },
      body: JSON.stringify({ asked: request.path }),
    };
  });
  return { services, forwarded };
}

async function makeKeys(gateway: RunningGateway): Promise<{ key: string; otherKey: string }> {
  const keyOf = async (tenant: string, interactive: boolean): Promise<string> =>
    (await gateway.bootstrapTenant({ tenantId: tenant as TenantId, name: tenant, interactive })).key ?? '';
  return { key: await keyOf('acme', false), otherKey: await keyOf('umbrella', true) };
}

async function call(url: string, method: string, { body, raw, headers, key }: CallOptions): Promise<Answer> {
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const answer = await fetch(url, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key ?? ''}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
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
