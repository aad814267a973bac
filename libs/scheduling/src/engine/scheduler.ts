import type { Clock, Logger } from '@millrace/kernel';
import type { EventPublisher } from '@millrace/messaging/ports';
import { AcceptTasks, type TaskRequestedEvent } from './accept-tasks.js';
import { ApplyReports, type AttemptReportedEvent } from './apply-reports.js';
import { CancelTasks, type TaskCancelRequestedEvent } from './cancel-tasks.js';
import { ExpireLeases } from './expire-leases.js';
import { ExpireTasks } from './expire-tasks.js';
import { LeaderElection } from './leader-election.js';
import { LeaseWatch } from './lease-watch.js';
import { LiveState } from './live-state.js';
import { notLeader } from './not-leader.js';
import { OwnerLoop } from './owner-loop.js';
import type { ConsumerGate } from './ports/consumer-gate.port.js';
import type { CycleRecorder } from './ports/cycle-recorder.port.js';
import type { SchedulerObserver } from './ports/cycle-observer.port.js';
import type { DispatchLag } from './ports/dispatch-lag.port.js';
import type { WorkerLag } from './ports/worker-lag.port.js';
import type { Leadership, LeaderStore } from './ports/leader-store.port.js';
import type { SchedulingUnitOfWork } from './ports/scheduling-scope.port.js';
import { PublishQueue } from './publish-queue.js';
import { RegisterWorkers, type PriceOf, type WorkerRegisteredEvent } from './register-workers.js';
import { RenewLeases, type WorkerHeartbeatEvent } from './renew-leases.js';
import { SweepEnded } from './sweep-ended.js';
import { SchedulerPulse } from './scheduler-pulse.js';
import type { SchedulerSettings } from './scheduler-settings.js';
import { SchedulingCycle } from './scheduling-cycle.js';
import type { SchedulingContext } from './scheduling-context.js';
import { toPolicyConfig } from './scheduling-policy.js';
import { KEYS_READ_MAX, SERVED_WINDOW_MS, ServiceRecord } from './service-record.js';
import { StoredWorld } from './stored-world.js';

export interface SchedulerOptions {
  readonly unitOfWork: SchedulingUnitOfWork;
  readonly leaderStore: LeaderStore;
  readonly publisher: EventPublisher;
  readonly gate: ConsumerGate;
  readonly lag: WorkerLag;
  readonly dispatchLag: DispatchLag;
  readonly observer: SchedulerObserver;
  /** Absent: no cycle is recorded. */
  readonly recorder?: CycleRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly priceOf: PriceOf;
  /** Name in the leader row. */
  readonly holder: string;
  readonly settings: SchedulerSettings;
}

/**
 * The scheduler of one process: the only writer of tasks' lifecycles while it leads, and idle while it does not.
 * Everything that changes scheduling state goes through one owner loop, a batch at a time.
 */
export class Scheduler {
  private readonly loop = new OwnerLoop();
  private readonly election: LeaderElection;
  private readonly watch: LeaseWatch;
  private readonly record: ServiceRecord;
  private readonly pulse: SchedulerPulse;
  private readonly context: SchedulingContext;
  private readonly useCases: UseCases;

  constructor(private readonly options: SchedulerOptions) {
    const { clock, logger, settings } = options;
    this.watch = new LeaseWatch(settings);
    this.record = new ServiceRecord(settings.policy.ordering);
    this.context = {
      unitOfWork: options.unitOfWork,
      clock,
      watch: this.watch,
      observer: options.observer,
      record: this.record,
      live: new LiveState(),
      policy: settings.policy,
      leadership: () => this.leadership(),
      leaseMs: settings.leaseMs,
    };
    this.useCases = buildUseCases(this.context, options);
    this.pulse = new SchedulerPulse(this.loop, this.useCases, clock, logger, {
      policy: toPolicyConfig(settings.policy, settings.maxPlacements),
      tickMs: settings.tickMs,
      ticksPerQueueSweep: settings.ticksPerQueueSweep,
    });
    this.election = new LeaderElection({
      store: options.leaderStore,
      clock,
      logger,
      holder: options.holder,
      ttlMs: settings.leaderTtlMs,
      elected: () => this.lead(),
      lost: () => this.follow(),
    });
  }

  /** Stands for election. Resolves after the first try; consumers open when it leads. */
  start(): Promise<void> {
    return this.election.start();
  }

  /** Closes the consumers, finishes what runs, and lets another lead at once. */
  async stop(): Promise<void> {
    // Drained while it still leads: what was handed over is finished, not refused.
    await this.options.gate.close();
    await this.election.stop();
  }

  isLeading(): boolean {
    return this.election.current() !== undefined;
  }

  async acceptTasks(events: readonly TaskRequestedEvent[]): Promise<void> {
    const added = await this.loop.run(() => this.useCases.acceptTasks.execute(events));
    if (added > 0) this.pulse.wake();
  }

  async cancelTasks(events: readonly TaskCancelRequestedEvent[]): Promise<void> {
    await this.loop.run(() => this.useCases.cancelTasks.execute(events));
    this.pulse.noteQueueChange();
  }

  async applyReports(events: readonly AttemptReportedEvent[]): Promise<void> {
    const freed = await this.loop.run(() => this.useCases.applyReports.execute(events));
    if (freed > 0) this.pulse.wake();
  }

  async registerWorkers(events: readonly WorkerRegisteredEvent[]): Promise<void> {
    const added = await this.loop.run(() => this.useCases.registerWorkers.execute(events));
    if (added > 0) this.pulse.wake();
  }

  async renewLeases(events: readonly WorkerHeartbeatEvent[]): Promise<void> {
    const changed = await this.loop.run(() => this.useCases.renewLeases.execute(events));
    if (changed > 0) this.pulse.wake();
  }

  private leadership(): Leadership {
    const held = this.election.current();
    if (held === undefined) throw notLeader();
    return held;
  }

  /** A new leader builds its state from its tables, and only then subscribes. */
  private async lead(): Promise<void> {
    await this.loop.run(async () => {
      const { clock } = this.options;
      this.context.live.reset();
      const { leases, workers, running, lengths, served } = await this.options.unitOfWork.run(async (scope) => ({
        leases: await scope.leases.all(),
        workers: await scope.workers.alive(),
        running: await scope.leases.running(),
        lengths: await scope.history.runLengths(KEYS_READ_MAX),
        served: await scope.history.servedSince(clock.now() - SERVED_WINDOW_MS),
      }));
      const incarnations = workers.map(({ incarnation }) => incarnation);
      this.watch.rebuild(leases, incarnations, clock.monotonicMs());
      this.record.rebuild(lengths, served, running);
    });
    await this.options.gate.open();
    // A late renewal may still come through, and nobody is elected again for it: what the pulse does asks for itself.
    if (this.election.isElected()) this.pulse.start();
    else await this.options.gate.close();
  }

  private async follow(): Promise<void> {
    await this.pulse.stop();
    await this.options.gate.close();
  }
}

type UseCases = ReturnType<typeof buildUseCases>;

function buildUseCases(context: SchedulingContext, options: SchedulerOptions) {
  const { settings, clock, observer, lag, publisher, priceOf } = options;
  const world = new StoredWorld(context);
  return {
    acceptTasks: new AcceptTasks(context),
    cancelTasks: new CancelTasks(context),
    applyReports: new ApplyReports(context),
    registerWorkers: new RegisterWorkers(context, priceOf),
    renewLeases: new RenewLeases(context, settings),
    expireLeases: new ExpireLeases(context, lag, settings),
    sweepEnded: new SweepEnded(context),
    expireTasks: new ExpireTasks(context, settings.queueTtlMs),
    publishQueue: new PublishQueue(context, publisher, settings.defaultPool, options.dispatchLag),
    cycle: new SchedulingCycle(world, world, clock, observer, settings.window, recordingOf(options)),
  };
}

function recordingOf({ recorder, settings }: SchedulerOptions) {
  return recorder === undefined ? undefined : { recorder, configVersion: settings.policy.version };
}
