import { migrate } from '@millrace/adapter-postgres';
import { createPostgresEventBus, migrateBus } from '@millrace/adapter-postgres/bus';
import { SCHEDULING_MIGRATIONS, SCHEDULING_SCHEMA } from '@millrace/adapter-postgres/scheduling';
import { startTemporaryPostgres } from '@millrace/adapter-postgres/server';
import {
  attemptReported,
  preemptRequested,
  queueSnapshot,
  taskAssigned,
  taskRequested,
  workerRegistered,
  type EventData,
} from '@millrace/contracts';
import { silentLogger, systemClock, systemIds, systemRng, toIso } from '@millrace/kernel';
import {
  EventStamper,
  createConsumerRuntime,
  createEventPublisher,
  createPropagatingTracer,
} from '@millrace/messaging';
import { ACK, isEvent, newEvent, type EventPublisher, type ReceivedEvent } from '@millrace/messaging/ports';
import { createInMemoryParkedEventStore } from '@millrace/messaging/testing';
import { HealthRegistry, loadSettings, topicSettings } from '@millrace/platform';
import { idOf } from '@millrace/scheduling/testing';
import { Registry } from 'prom-client';
import { parsePolicy } from '../policy-file.js';
import { SCHEDULER_VARIABLES, schedulerSettings } from '../settings.js';
import { startScheduler } from '../start-scheduler.js';

export type Assigned = EventData<typeof taskAssigned>;
export type Snapshot = EventData<typeof queueSnapshot>;

/** A scheduler on a real Postgres, with a worker that does what it is told and ends attempts when the test says so. */
export interface SchedulerRig {
  readonly databaseUrl: string;
  readonly assigned: readonly Assigned[];
  readonly stopped: readonly EventData<typeof preemptRequested>[];
  readonly snapshots: readonly Snapshot[];
  register(worker?: Partial<EventData<typeof workerRegistered>>): Promise<void>;
  request(...tasks: readonly Partial<EventData<typeof taskRequested>>[]): Promise<void>;
  report(
    assigned: Assigned,
    kind: EventData<typeof attemptReported>['kind'],
    more?: Partial<EventData<typeof attemptReported>>,
  ): Promise<void>;
  stop(): Promise<void>;
}

/** `policy`: the content of a policy file. */
export async function startSchedulerRig(policy: object): Promise<SchedulerRig> {
  const server = await startTemporaryPostgres();
  await migrateBus({ url: server.url });
  await migrate({
    url: server.url,
    schema: SCHEDULING_SCHEMA,
    service: 'scheduler',
    migrations: SCHEDULING_MIGRATIONS,
  });
  const bus = createPostgresEventBus({ url: server.url, clock: systemClock });
  await bus.ensureTopics(topicSettings(4));
  const tracer = createPropagatingTracer(systemRng);
  const fixed = { clock: systemClock, rng: systemRng, ids: systemIds, logger: silentLogger, tracer, bus };
  const runtime = createConsumerRuntime({ ...fixed, parked: createInMemoryParkedEventStore() });
  const heard: ReceivedEvent[] = [];
  const listener = await runtime.start({
    group: 'spec.rig',
    topics: ['worker.commands', 'queue.snapshot'],
    from: 'end',
    handle: async (batch) => {
      heard.push(...batch);
      return batch.map(() => ACK);
    },
  });
  await listener.ready;
  const scheduler = await startScheduler({
    parts: { ...fixed, metrics: new Registry(), health: new HealthRegistry(systemClock) },
    databaseUrl: server.url,
    http: { host: '127.0.0.1', port: 0 },
    principalKey: 'p'.repeat(32),
    settings: {
      ...loadSettings(schedulerSettings, SCHEDULER_VARIABLES, { MILLRACE_LEASE_MS: '600000' }),
      suspectMs: 600_000,
      policy: parsePolicy(JSON.stringify(policy)),
    },
  });
  return {
    databaseUrl: server.url,
    get assigned() {
      return heard.filter((event) => isEvent(event, taskAssigned)).map(({ data }) => data);
    },
    get stopped() {
      return heard.filter((event) => isEvent(event, preemptRequested)).map(({ data }) => data);
    },
    get snapshots() {
      return heard.filter((event) => isEvent(event, queueSnapshot)).map(({ data }) => data);
    },
    ...worldOf(createEventPublisher({ bus, stamper: new EventStamper(fixed) })),
    stop: async () => {
      await listener.stop();
      await scheduler.stop();
      await bus.close();
      await server.stop();
    },
  };
}

function worldOf(publisher: EventPublisher): Pick<SchedulerRig, 'register' | 'request' | 'report'> {
  let reports = 0;
  return {
    register: (worker) =>
      publisher.publish([
        newEvent(workerRegistered, {
          ...workerRegistered.fixture,
          incarnation: idOf(0xa1),
          taskTypes: ['noop'],
          ...worker,
        }),
      ]),
    request: (...tasks) =>
      publisher.publish(
        tasks.map((task) =>
          newEvent(taskRequested, {
            ...taskRequested.fixture,
            taskType: 'noop',
            needs: { gpus: 1, vramMiB: 0 },
            requestedAt: toIso(systemClock.now()),
            ...task,
          }),
        ),
      ),
    report: ({ workerId, incarnation, taskId, tenantId, attempt, epoch }, kind, more) => {
      reports += 1;
      const lease = { workerId, incarnation, taskId, tenantId, attempt, epoch };
      const facts = { number: reports, kind, at: reports, step: 0, totalSteps: 20, gpuMs: 0, segmentCount: 0 };
      return publisher.publish([newEvent(attemptReported, { ...lease, ...facts, ...more })]);
    },
  };
}
