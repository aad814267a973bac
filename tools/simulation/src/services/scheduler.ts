import {
  attemptReported,
  taskCancelRequested,
  taskRequested,
  workerHeartbeat,
  workerRegistered,
  type EventData,
  type EventDefinition,
} from '@millrace/contracts';
import { createEventPublisher } from '@millrace/messaging';
import {
  ACK,
  isEvent,
  newEvent,
  type ConsumerDefinition,
  type HandlerResult,
  type ReceivedEvent,
  type RunningConsumer,
} from '@millrace/messaging/ports';
import { DEFAULT_SCHEDULER_SETTINGS, Scheduler, liveAttempt, type AttemptReportedEvent } from '@millrace/scheduling';
import type { SchedulingUnitOfWork } from '@millrace/scheduling/ports';
import { silentObserver } from '@millrace/scheduling/testing';
import type { Machine } from '../world/machine.js';
import type { World } from '../world/world.js';
import { createServiceHost, startConsumers, type ServiceHost } from './host.js';

const PRICE_PER_GPU_HOUR = 900_000_000n;
const WORKERS_GROUP = 'scheduler.workers';

/** Starts one of two schedulers, of which one leads, as apps/scheduler wires it. */
export async function startScheduler(world: World, machine: Machine): Promise<Scheduler> {
  const host = createServiceHost(world, machine, 'scheduler');
  const database = world.databases.scheduler;
  const gate = new LeaderConsumers(host, () => consumersOf(world, scheduler));
  const scheduler = new Scheduler({
    ...host,
    unitOfWork: mutated(world, database.unitOfWork(host.client)),
    leaderStore: database.direct(machine, world.scheduling.leaderStore()),
    publisher: createEventPublisher(host),
    gate,
    lag: gate,
    dispatchLag: { oldestMs: async () => 0 },
    observer: silentObserver,
    priceOf: () => PRICE_PER_GPU_HOUR,
    holder: world.ids.next(),
    settings: DEFAULT_SCHEDULER_SETTINGS,
  });
  await scheduler.start();
  return scheduler;
}

/** The consumers behind the leader's gate. */
class LeaderConsumers {
  private running = new Map<string, RunningConsumer>();

  constructor(
    private readonly host: ServiceHost,
    private readonly definitions: () => readonly ConsumerDefinition[],
  ) {}

  async open(): Promise<void> {
    const missing = this.definitions().filter(({ group }) => !this.running.has(group));
    await Promise.all(
      missing.map(async (definition) => {
        const [consumer] = await startConsumers(this.host.runtime, [definition]);
        if (consumer !== undefined) this.running.set(definition.group, consumer);
      }),
    );
  }

  async close(): Promise<void> {
    const running = [...this.running.values()];
    this.running = new Map();
    await Promise.all(running.map((consumer) => consumer.stop().catch(() => {})));
  }

  async oldestMs(): Promise<number> {
    const consumer = this.running.get(WORKERS_GROUP);
    if (consumer === undefined) throw new Error('the consumer of heartbeats does not run');
    return (await consumer.lag()).oldestMs;
  }
}

function consumersOf(world: World, scheduler: Scheduler): readonly ConsumerDefinition[] {
  const acked = (events: readonly ReceivedEvent[]): readonly HandlerResult[] => events.map(() => ACK);
  return [
    {
      group: 'scheduler.tasks',
      topics: ['task.requested', 'task.cancel-requested'],
      from: 'committed',
      handle: async (events) => {
        const requests = only(events, taskRequested);
        const cancels = world.isMutated('cancel ignored') ? [] : only(events, taskCancelRequested);
        if (requests.length > 0) await scheduler.acceptTasks(requests);
        if (cancels.length > 0) await scheduler.cancelTasks(cancels);
        return acked(events);
      },
    },
    {
      group: 'scheduler.reports',
      topics: ['attempt.reported'],
      from: 'committed',
      handle: async (events) => {
        const reports = only(events, attemptReported);
        await scheduler.applyReports(world.isMutated('no fencing by epoch') ? unfenced(world, reports) : reports);
        return acked(events);
      },
    },
    {
      group: WORKERS_GROUP,
      topics: ['worker.registered', 'worker.heartbeat'],
      from: 'committed',
      handle: async (events) => {
        const registrations = only(events, workerRegistered);
        const heartbeats = only(events, workerHeartbeat);
        if (registrations.length > 0) await scheduler.registerWorkers(registrations);
        if (heartbeats.length > 0) await scheduler.renewLeases(heartbeats);
        return acked(events);
      },
    },
  ];
}

function only<Definition extends EventDefinition>(
  events: readonly ReceivedEvent[],
  definition: Definition,
): readonly ReceivedEvent<EventData<Definition>>[] {
  return events.filter((event) => isEvent(event, definition)) as readonly ReceivedEvent<EventData<Definition>>[];
}

/** A mutation: each report is taken for one of the attempt that runs now. */
function unfenced(world: World, reports: readonly AttemptReportedEvent[]): readonly AttemptReportedEvent[] {
  return reports.map((event) => {
    const task = [...world.scheduling.tables.tasks.values()].find(({ id }) => id === event.data.taskId);
    const live = task === undefined ? undefined : liveAttempt(task);
    if (live === undefined) return event;
    const { number: attempt, epoch, incarnation } = live;
    const number = Math.max(event.data.number, live.lastReport + 1);
    return { ...event, data: { ...event.data, attempt, epoch, incarnation, number } };
  });
}

function mutated(world: World, unitOfWork: SchedulingUnitOfWork): SchedulingUnitOfWork {
  if (!world.isMutated('trace lost')) return unitOfWork;
  return {
    run: (work) =>
      unitOfWork.run((scope) => {
        const strange = `00-${Buffer.from(world.rng.bytes(16)).toString('hex')}-${'1'.repeat(16)}-01`;
        const add: typeof scope.outbox.add = (events) =>
          scope.outbox.add(
            events.map(({ definition, data, ...rest }) =>
              newEvent(definition, data, { ...rest, traceparent: strange }),
            ),
          );
        return work({ ...scope, outbox: { add } });
      }),
  };
}
