import {
  attemptReported,
  taskAssigned,
  taskCancelRequested,
  taskRequested,
  workerHeartbeat,
  workerRegistered,
  type EventData,
  type EventDefinition,
} from '@millrace/contracts';
import { VirtualClock, silentLogger } from '@millrace/kernel';
import type { NewEvent } from '@millrace/messaging/ports';
import { createInMemoryUnitOfWork, receivedEvent } from '@millrace/messaging/testing';
import type { TaskRequestedEvent } from '../engine/accept-tasks.js';
import type { AttemptReportedEvent } from '../engine/apply-reports.js';
import type { GpuOutage } from '../engine/ports/cycle-observer.port.js';
import { Scheduler } from '../engine/scheduler.js';
import { DEFAULT_SCHEDULER_SETTINGS, type SchedulerSettings } from '../engine/scheduler-settings.js';
import { idOf } from './builders.js';
import { InMemorySchedulingDatabase } from './in-memory-scheduling-stores.js';
import { silentObserver } from './silent-observer.js';

type Assigned = EventData<typeof taskAssigned>;
type Report = EventData<typeof attemptReported>;

export interface SchedulerFixtureOptions {
  readonly settings?: Partial<SchedulerSettings>;
  readonly database?: InMemorySchedulingDatabase;
  readonly clock?: VirtualClock;
  readonly holder?: string;
}

const PRICE_PER_GPU_HOUR = 900_000_000n;

/** A scheduler over stores in memory and a clock that moves when told, driven as its consumers drive it. */
export class SchedulerFixture {
  readonly clock: VirtualClock;
  readonly database: InMemorySchedulingDatabase;
  readonly scheduler: Scheduler;
  /** Events of every committed transaction, and what was published without one. */
  readonly events: readonly NewEvent[];
  readonly gate: string[] = [];
  /** What the observer was told of GPUs out of service, call by call. */
  readonly gpuChanges: { readonly outages: readonly GpuOutage[]; readonly evicted: number }[] = [];
  /** Task types that the observer was told have unmet demands, call by call. */
  readonly unmet: (readonly string[])[] = [];
  workerLagMs: number | Error = 0;
  dispatchLagMs = 0;
  failNextCommit: (error: Error) => void;
  private lostAnswer: { readonly type: string; readonly from: number } | undefined;

  constructor(options: SchedulerFixtureOptions = {}) {
    this.clock = options.clock ?? new VirtualClock();
    this.database = options.database ?? new InMemorySchedulingDatabase(this.clock);
    const { database, clock } = this;
    const transactions = createInMemoryUnitOfWork(database.stores(), { snapshot: () => database.snapshot(), clock });
    this.failNextCommit = (error) => transactions.failNextCommit(error);
    this.events = transactions.published;
    this.scheduler = new Scheduler({
      unitOfWork: { run: async (work) => this.answered(await transactions.unitOfWork.run(work)) },
      leaderStore: database.leaderStore(),
      publisher: { publish: async (events) => void (transactions.published as NewEvent[]).push(...events) },
      gate: { open: async () => void this.gate.push('open'), close: async () => void this.gate.push('close') },
      lag: { oldestMs: async () => this.lag() },
      dispatchLag: { oldestMs: async () => this.dispatchLagMs },
      observer: {
        ...silentObserver,
        gpusChanged: (outages, evicted) => this.gpuChanges.push({ outages, evicted }),
        demandsUnmet: (taskTypes) => this.unmet.push(taskTypes),
      },
      clock,
      logger: silentLogger,
      priceOf: () => PRICE_PER_GPU_HOUR,
      holder: options.holder ?? 'scheduler-1',
      settings: { ...DEFAULT_SCHEDULER_SETTINGS, ...options.settings },
    });
  }

  async start(): Promise<this> {
    await this.scheduler.start();
    await this.settle();
    return this;
  }

  /** Lets what was started run to its end without moving time. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  async request(
    number: number,
    data: Partial<EventData<typeof taskRequested>> = {},
    traceparent?: string,
  ): Promise<TaskRequestedEvent> {
    const event = receivedEvent(taskRequested, { taskId: idOf(number), ...data }, { traceparent });
    await this.scheduler.acceptTasks([event]);
    await this.settle();
    return event;
  }

  async cancel(number: number, tenantId = 'acme'): Promise<void> {
    await this.scheduler.cancelTasks([receivedEvent(taskCancelRequested, { taskId: idOf(number), tenantId })]);
    await this.settle();
  }

  async register(worker: Partial<EventData<typeof workerRegistered>> = {}): Promise<void> {
    await this.scheduler.registerWorkers([receivedEvent(workerRegistered, worker)]);
    await this.settle();
  }

  async heartbeat(data: Partial<EventData<typeof workerHeartbeat>> = {}): Promise<void> {
    const at = data.at ?? Math.round(this.clock.monotonicMs());
    await this.scheduler.renewLeases([receivedEvent(workerHeartbeat, { ...data, at })]);
    await this.settle();
  }

  /** Reports for an assignment, as the worker that got it would. */
  async report(assigned: Assigned, kind: Report['kind'], data: Partial<Report> = {}): Promise<AttemptReportedEvent> {
    const { workerId, incarnation, taskId, tenantId, attempt, epoch } = assigned;
    const event = receivedEvent(attemptReported, {
      workerId,
      incarnation,
      taskId,
      tenantId,
      attempt,
      epoch,
      kind,
      ...data,
    });
    await this.scheduler.applyReports([event]);
    await this.settle();
    return event;
  }

  /** Data of the events of one type, in order. */
  of<Definition extends EventDefinition>(definition: Definition): readonly EventData<Definition>[] {
    return this.events
      .filter((event) => event.definition.type === definition.type)
      .map(({ data }) => data as EventData<Definition>);
  }

  /** The last assignment. */
  assigned(): Assigned {
    const last = this.of(taskAssigned).at(-1);
    if (last === undefined) throw new Error('nothing was assigned');
    return last;
  }

  /** Last words of the lifecycle event types of a task, in order: `queued scheduled started …`. */
  lifecycle(number: number): readonly string[] {
    return this.lifecycleEvents(number).map(({ definition }) => definition.type.split('.').at(-2) ?? '');
  }

  sequences(number: number): readonly (number | undefined)[] {
    return this.lifecycleEvents(number).map(({ sequence }) => sequence);
  }

  lifecycleEvents(number: number): readonly NewEvent[] {
    return this.events.filter(
      ({ definition, data }) =>
        definition.topic === 'task.lifecycle' && (data as { taskId: string }).taskId === idOf(number),
    );
  }

  /** The next commit that tells of this event takes place, but its answer is lost: the caller sees an error. */
  loseAnswerOf(definition: EventDefinition): void {
    this.lostAnswer = { type: definition.type, from: this.events.length };
  }

  private answered<Result>(result: Result): Result {
    const { lostAnswer } = this;
    if (lostAnswer === undefined) return result;
    const told = this.events.slice(lostAnswer.from).some(({ definition }) => definition.type === lostAnswer.type);
    if (!told) return result;
    this.lostAnswer = undefined;
    throw new Error('the connection broke during the commit');
  }

  private lag(): number {
    if (typeof this.workerLagMs === 'number') return this.workerLagMs;
    throw this.workerLagMs;
  }
}

/** A scheduler that leads, with its clock and its database. */
export function startedScheduler(options: SchedulerFixtureOptions = {}): Promise<SchedulerFixture> {
  return new SchedulerFixture(options).start();
}
