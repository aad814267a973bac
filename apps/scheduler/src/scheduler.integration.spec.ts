import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate } from '@millrace/adapter-postgres';
import { createPostgresEventBus, migrateBus } from '@millrace/adapter-postgres/bus';
import { SCHEDULING_MIGRATIONS, SCHEDULING_SCHEMA } from '@millrace/adapter-postgres/scheduling';
import { startTemporaryPostgres, type EmbeddedPostgres } from '@millrace/adapter-postgres/server';
import {
  attemptReported,
  listWorkers,
  taskAssigned,
  taskRequested,
  workerHeartbeat,
  workerRegistered,
} from '@millrace/contracts';
import { silentLogger, systemClock, systemIds, systemRng, toIso } from '@millrace/kernel';
import {
  EventStamper,
  createConsumerRuntime,
  createEventPublisher,
  createPropagatingTracer,
} from '@millrace/messaging';
import {
  ACK,
  isEvent,
  newEvent,
  type ConsumerRuntime,
  type EventBus,
  type EventPublisher,
  type NewEvent,
  type ReceivedEvent,
  type RunningConsumer,
} from '@millrace/messaging/ports';
import { createInMemoryParkedEventStore } from '@millrace/messaging/testing';
import {
  HealthRegistry,
  loadSettings,
  principalHeader,
  topicSettings,
  type HostParts,
  type RunningService,
} from '@millrace/platform';
import { PLACEMENT_REASONS } from '@millrace/scheduling';
import { idOf } from '@millrace/scheduling/testing';
import { eventually } from '@millrace/test-kit';
import { Registry } from 'prom-client';
import { SCHEDULER_VARIABLES, schedulerSettings, startScheduler } from './index.js';

const START_MS = 90_000;
const TASKS = 500;
const SLOTS = 64;
const PRINCIPAL_KEY = 'p'.repeat(32);
const INCARNATION = idOf(0xa1);
let server: EmbeddedPostgres;
let bus: EventBus;
let runtime: ConsumerRuntime;
let publisher: EventPublisher;
let scheduler: RunningService;
let metrics: Registry;
const lifecycle: ReceivedEvent[] = [];
const consumers: RunningConsumer[] = [];

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrateBus({ url: server.url });
  const service = 'scheduler';
  await migrate({ url: server.url, schema: SCHEDULING_SCHEMA, service, migrations: SCHEDULING_MIGRATIONS });
  bus = createPostgresEventBus({ url: server.url, clock: systemClock });
  await bus.ensureTopics(topicSettings(4));
  const tracer = createPropagatingTracer(systemRng);
  const fixed = { clock: systemClock, rng: systemRng, ids: systemIds, logger: silentLogger, tracer, bus };
  publisher = createEventPublisher({ bus, stamper: new EventStamper(fixed) });
  runtime = createConsumerRuntime({ ...fixed, parked: createInMemoryParkedEventStore() });
  await consume('spec.lifecycle', ['task.lifecycle', 'attempt.closed', 'capacity.changed'], async (batch) => {
    lifecycle.push(...batch);
  });
  await consume('spec.worker', ['worker.commands'], runAssignments);
  scheduler = await start({ ...fixed, metrics: new Registry(), health: new HealthRegistry(systemClock) });
}, START_MS);

afterAll(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  await scheduler?.stop();
  await bus?.close();
  await server?.stop();
}, START_MS);

function start(parts: HostParts): Promise<RunningService> {
  metrics = parts.metrics;
  const settings = loadSettings(schedulerSettings, SCHEDULER_VARIABLES, { MILLRACE_POOL_PRICES: 'local=1.80' });
  const http = { host: '127.0.0.1', port: 0 };
  return startScheduler({ parts, databaseUrl: server.url, http, principalKey: PRINCIPAL_KEY, settings });
}

async function consume(
  group: string,
  topics: Parameters<ConsumerRuntime['start']>[0]['topics'],
  apply: (batch: readonly ReceivedEvent[]) => Promise<void>,
): Promise<void> {
  const handle = async (batch: readonly ReceivedEvent[]) => {
    await apply(batch);
    return batch.map(() => ACK);
  };
  const consumer = await runtime.start({ group, topics, from: 'end', handle });
  consumers.push(consumer);
  await consumer.ready;
}

/** A worker with an engine that does nothing: what is assigned has started and succeeded. */
async function runAssignments(batch: readonly ReceivedEvent[]): Promise<void> {
  const reports = batch
    .filter((event) => isEvent(event, taskAssigned))
    .flatMap(({ data }): NewEvent[] => {
      const { workerId, incarnation, taskId, tenantId, attempt, epoch } = data;
      const report = { workerId, incarnation, taskId, tenantId, attempt, epoch, step: 0, totalSteps: 0, gpuMs: 0 };
      return [
        newEvent(attemptReported, { ...report, number: 1, kind: 'started', at: 1 }),
        newEvent(attemptReported, {
          ...report,
          number: 2,
          kind: 'succeeded',
          at: 2,
          gpuMs: 1,
          segmentCount: 1,
          engine: 'noop',
        }),
      ];
    });
  await publisher.publish(reports);
}

function requestOf(number: number): NewEvent {
  const requestedAt = toIso(systemClock.now());
  return newEvent(taskRequested, { ...taskRequested.fixture, taskId: idOf(number), taskType: 'noop', requestedAt });
}

function eventsOf(number: number): readonly ReceivedEvent[] {
  return lifecycle.filter(({ subject, topic }) => subject === idOf(number) && topic === 'task.lifecycle');
}

async function getWorkers(scopes: readonly 'workers:read'[] | readonly 'costs:read'[]) {
  const principal = { tenantId: 'acme', keyId: 'k', scopes, interactive: false };
  const authorization = principalHeader(principal, PRINCIPAL_KEY, systemClock);
  const answer = await fetch(`${scheduler.url}${listWorkers.path}`, { headers: { authorization } });
  return { status: answer.status, body: (await answer.json()) as { data: readonly Record<string, unknown>[] } };
}

describe('the scheduler as a service', () => {
  it('QUE-01: takes 500 tasks through one worker, each to one end, in sequence without a gap', async () => {
    const worker = { ...workerRegistered.fixture, incarnation: INCARNATION, slots: SLOTS, taskTypes: ['noop'] };
    await publisher.publish([newEvent(workerRegistered, worker)]);
    await publisher.publish(Array.from({ length: TASKS }, (_, n) => requestOf(n + 1)));
    const isCompleted = ({ type }: ReceivedEvent): boolean => type === 'io.millrace.task.completed.v1';
    await eventually(() => expect(lifecycle.filter(isCompleted)).toHaveLength(TASKS), { timeoutMs: 30_000 });
    for (let n = 1; n <= TASKS; n++) {
      expect(eventsOf(n).map(({ type, sequence }) => [type.split('.').at(-2), sequence])).toEqual([
        ['queued', 1],
        ['scheduled', 2],
        ['started', 3],
        ['completed', 4],
      ]);
    }
    const closed = lifecycle.filter(({ topic }) => topic === 'attempt.closed');
    expect(closed).toHaveLength(TASKS);
    const opened = lifecycle.find(({ topic }) => topic === 'capacity.changed');
    expect(opened?.data).toMatchObject({ change: 'opened', at: 0, pricePerGpuHour: '1800000000' });
  }, 60_000);

  it('shows the workers to those who may see them', async () => {
    const heartbeat = { ...workerHeartbeat.fixture, incarnation: INCARNATION, at: 60_000, draining: true };
    await publisher.publish([newEvent(workerHeartbeat, heartbeat)]);
    await eventually(async () =>
      expect((await getWorkers(['workers:read'])).body.data).toEqual([
        expect.objectContaining({
          id: 'worker-1',
          state: 'draining',
          slots: SLOTS,
          busy_slots: 0,
          task_types: ['noop'],
        }),
      ]),
    );
    const list = listWorkers.responses[200].schema.parse((await getWorkers(['workers:read'])).body);
    expect(list.data).toHaveLength(1);
    expect((await getWorkers(['costs:read'])).status).toBe(403);
  });

  it('counts its decisions, with no label that grows', async () => {
    const text = await metrics.metrics();
    const placed = [...text.matchAll(/decisions_total\{kind="place",reason="(\w+)"\} (\d+)/g)];
    for (const [, reason] of placed) expect(PLACEMENT_REASONS).toContain(reason);
    expect(placed.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(TASKS);
    expect(text).not.toContain('worker-1');
  });

  it('P6: a report that matches no schema keeps nobody waiting', async () => {
    const headers = {
      ce_specversion: '1.0',
      ce_id: systemIds.next(),
      ce_source: 'gpu-worker',
      ce_type: attemptReported.type,
      ce_time: toIso(systemClock.now()),
      'content-type': 'application/json',
    };
    await bus.publish([{ topic: 'attempt.reported', key: idOf(1), headers, value: Buffer.from('{"taskId":7}') }]);
    const undrained = { ...workerHeartbeat.fixture, incarnation: INCARNATION, at: 61_000 };
    await publisher.publish([newEvent(workerHeartbeat, undrained), requestOf(TASKS + 1)]);
    await eventually(() => expect(eventsOf(TASKS + 1)).toHaveLength(4), { timeoutMs: 10_000 });
  });
});
