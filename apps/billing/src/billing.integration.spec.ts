import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate } from '@millrace/adapter-postgres';
import { BILLING_SCHEMA, billingMigrations } from '@millrace/adapter-postgres/billing';
import { startTemporaryPostgres, type EmbeddedPostgres } from '@millrace/adapter-postgres/server';
import { aSegment, capacity, closed, TASK, testId, usage, type BillingFact } from '@millrace/billing/testing';
import {
  attemptClosed,
  capacityChanged,
  costAnswer,
  parseEvent,
  taskCharged,
  usageRecorded,
} from '@millrace/contracts';
import { silentLogger, systemClock, systemIds, systemRng } from '@millrace/kernel';
import { createEventPublisher, createPropagatingTracer, EventStamper } from '@millrace/messaging';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';
import { createInMemoryBus, type InMemoryBus } from '@millrace/messaging/testing';
import { HealthRegistry, loadSettings, principalHeader, type RunningService } from '@millrace/platform';
import { eventually } from '@millrace/test-kit';
import { Registry } from 'prom-client';
import { BILLING_VARIABLES, billingSettings, startBilling } from './index.js';

const START_MS = 90_000;
const PRINCIPAL_KEY = 'p'.repeat(32);
let server: EmbeddedPostgres;
let bus: InMemoryBus;
let billing: RunningService;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({ url: server.url, schema: BILLING_SCHEMA, service: 'billing', migrations: billingMigrations });
  bus = createInMemoryBus({ clock: systemClock });
  billing = await startBilling({
    parts: {
      clock: systemClock,
      rng: systemRng,
      ids: systemIds,
      logger: silentLogger,
      tracer: createPropagatingTracer(systemRng),
      metrics: new Registry(),
      health: new HealthRegistry(systemClock),
      bus,
    },
    databaseUrl: server.url,
    http: { host: '127.0.0.1', port: 0 },
    principalKey: PRINCIPAL_KEY,
  });
}, START_MS);

afterAll(async () => {
  await billing?.stop();
  await server?.stop();
}, START_MS);

function toNewEvent(fact: BillingFact): NewEvent {
  switch (fact.kind) {
    case 'usage':
      return newEvent(usageRecorded, fact.event.data);
    case 'closed':
      return newEvent(attemptClosed, fact.event.data);
    case 'capacity':
      return newEvent(capacityChanged, fact.event.data);
    default:
      throw new Error('unknown fact');
  }
}

function publish(...facts: BillingFact[]): Promise<void> {
  const stamper = new EventStamper({ clock: systemClock, ids: systemIds });
  return createEventPublisher({ bus, stamper }).publish(facts.map(toNewEvent));
}

function charged(): readonly unknown[] {
  return bus
    .records('billing.charged')
    .map(({ value }) => parseEvent(taskCharged, JSON.parse(Buffer.from(value).toString())));
}

async function get(
  task: string,
  tenantId: string | undefined,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const principal = { tenantId: tenantId ?? '', keyId: 'k', scopes: ['costs:read'] as const, interactive: false };
  const answer = await fetch(`${billing.url}/api/v1/costs?task=${task}`, {
    headers: tenantId === undefined ? {} : { authorization: principalHeader(principal, PRINCIPAL_KEY, systemClock) },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('billing', () => {
  it('reads exactly its three topics', () => {
    expect([...billing.transport.consumers().keys()].sort()).toEqual([
      'billing.capacity',
      'billing.closures',
      'billing.usage',
    ]);
  });

  it('P11: charges a task from what is on the bus, once, also when all of it is sent again', async () => {
    const facts = [closed(), usage([aSegment()]), capacity()];
    await publish(...facts);
    const [charge] = await eventually(() => {
      expect(charged()).toHaveLength(1);
      return charged();
    });
    expect(charge).toMatchObject({ taskId: TASK, cost: '2794444', gpuMs: 10_000, sequence: 4 });

    const other = testId('other');
    await publish(
      ...facts,
      closed({ taskId: other }),
      usage([aSegment({ taskId: other, startMs: 10_000, endMs: 10_001 })]),
    );
    await eventually(() => expect(charged()).toHaveLength(2));
    expect(charged().filter((each) => (each as { taskId: string }).taskId === TASK)).toHaveLength(1);
  });

  it('BIL-01: answers what a task cost, in the shape of the contract', async () => {
    const { status, body } = await get(TASK, 'acme');
    expect(status).toBe(200);
    expect(costAnswer.parse(body)).toEqual({
      ...body,
      task_id: TASK,
      state: 'charged',
      currency: 'USD',
      cost: '0.002794444',
      gpu_seconds: 10,
      billed_gpu_seconds: 10,
      unit_price: '1.006',
      by_attempt: [
        {
          attempt: 1,
          epoch: 1,
          outcome: 'succeeded',
          gpu_seconds: 10,
          cost: '0.002794444',
          account: 'tenant:acme:default',
        },
      ],
    });
  });

  it.each([
    ['P18: a foreign task', TASK, 'globex', 404, 'task_not_found'],
    ['an unknown task', testId('unknown'), 'acme', 404, 'task_not_found'],
    ['no caller', TASK, undefined, 401, 'api_key_invalid'],
    ['an id that is none', 'nonsense', 'acme', 422, 'validation_failed'],
  ])('refuses %s', async (_, task, tenant, status, code) => {
    expect(await get(task, tenant)).toMatchObject({ status, body: { code } });
  });

  it('ends the start with one clear line on a bad setting', () => {
    expect(loadSettings(billingSettings, BILLING_VARIABLES, {})).toEqual({ loadBearer: 'tenant' });
    expect(() => loadSettings(billingSettings, BILLING_VARIABLES, { MILLRACE_LOAD_BEARER: 'me' })).toThrow(
      'MILLRACE_LOAD_BEARER: write tenant or platform',
    );
  });
});
