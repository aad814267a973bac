import { workerHeartbeat, workerRegistered, type EventData } from '@millrace/contracts';
import {
  backoffMs,
  messageOf,
  sleep,
  type BackoffPolicy,
  type Clock,
  type DurationMs,
  type Logger,
  type Rng,
} from '@millrace/kernel';
import {
  ACK,
  newEvent,
  type EventPublisher,
  type HandlerResult,
  type ReceivedEvent,
  type Tracer,
} from '@millrace/messaging/ports';
import { isLeaseLost } from '../domain/lease-watch.js';
import { grantsOf, ownerOf, type Assignment } from './assignment.js';
import { startAttemptSpan } from './attempt-span.js';
import { AttemptReporter, type ReportedAttempt } from './attempt-reporter.js';
import { AttemptRoster } from './attempt-roster.js';
import type { AttemptRunner } from './attempt-runner.js';
import type { EventOutlet } from './event-outlet.js';
import type { Meter } from './meter.js';
import { Heartbeats, type Heartbeat } from './heartbeats.js';
import type { InstanceClock } from './instance-clock.js';
import type { InterruptKind } from './interruption.js';
import { LiveAttempt } from './live-attempt.js';
import type { WorkerObserver } from './ports/worker-observer.port.js';
import { takeCommand, type CommandHandlers } from './worker-commands.js';
import type { ToldNews, WorkerNews } from './worker-news.js';

/** What the worker is; the same in every event of the incarnation. */
export type WorkerDescription = Omit<EventData<typeof workerRegistered>, 'at' | keyof ToldNews>;

export interface WorkerAgentOptions {
  readonly description: WorkerDescription;
  readonly news: WorkerNews;
  readonly heartbeatMs: DurationMs;
  readonly runner: AttemptRunner;
  readonly meter: Meter;
  readonly outlet: EventOutlet;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly instanceClock: InstanceClock;
  readonly rng: Rng;
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly observer: WorkerObserver;
  /** What an orderly stop may take in all; 25 s where absent. */
  readonly leaveLimitMs?: DurationMs;
}

/** A shutdown drains at most so long (guarantees.md section 1). */
const LEAVE_LIMIT_MS = 25_000;
/** Parts of the limit: when attempts that do not stop are left behind, and when the backlog is left in the spool. */
const ATTEMPTS_PART = 0.7;
const BACKLOG_PART = 0.2;
const LAST_HEARTBEAT_PART = 0.1;
/** The step that runs may end within this part of the limit, so that its state can be stored. */
const GRACE_PART = 0.5;
/** Leases that may wait for a slot, per slot; more are handed back. */
const WAITING_MAX_PER_SLOT = 4;
const REGISTER_BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 5_000, factor: 2, jitter: 0.2 };

/**
 * One incarnation of a worker: registers, heartbeats, takes commands, runs attempts on its slots, and leaves in order.
 * Attempts run outside the consumer. All state has one owner, this object; commands never wait for work.
 */
export class WorkerAgent {
  private readonly roster: AttemptRoster;
  private readonly heartbeats: Heartbeats;
  private readonly stopped = new AbortController();
  private readonly handlers: CommandHandlers = {
    assigned: (assignment, traceparent) => this.accept(assignment, traceparent),
    cancelled: (command, traceparent) => this.cancel(command, traceparent),
    preempted: (command) => this.handBack(command),
    refused: (command) => this.abandon(command),
    drained: (reason) => void this.leave(reason),
  };
  private registered = false;
  private leaving: Promise<void> | undefined;
  private resolveEmpty: (() => void) | undefined;

  constructor(private readonly options: WorkerAgentOptions) {
    this.roster = new AttemptRoster(options.description.slots, options.description.gpus);
    this.heartbeats = new Heartbeats({
      ...options,
      state: () => this.heartbeat(),
      onBeat: (renewedAtMs) => this.fence(renewedAtMs),
    });
  }

  /** Aborted once the worker has left, by a drain request or a shutdown: the process may end. */
  get left(): AbortSignal {
    return this.stopped.signal;
  }

  /** Attempts that run or wait for a slot. */
  attempts(): number {
    return this.roster.all().length;
  }

  /**
   * Tells the scheduler that this incarnation wants work. Call it once the commands are read from the end, so that no
   * assignment is missed. Tries until the bus takes it, or the worker leaves.
   */
  async register(): Promise<void> {
    const { publisher, instanceClock, clock, rng, logger, description, news, meter } = this.options;
    for (let tries = 1; this.leaving === undefined; tries++) {
      try {
        await publisher.publish([
          newEvent(workerRegistered, { ...description, ...news.now(), at: instanceClock.nowMs() }),
        ]);
        break;
      } catch (error) {
        logger.warn('not registered yet', { tries, error: messageOf(error) });
        await sleep(clock, backoffMs(REGISTER_BACKOFF, tries, rng), this.left);
      }
    }
    if (this.leaving !== undefined) return;
    this.registered = true;
    meter.restAs('idle');
    this.heartbeats.start();
    logger.info('worker registered', { worker: description.workerId, incarnation: description.incarnation });
  }

  /** Takes a batch of commands. Commands of another incarnation or of an unknown kind are none of its business. */
  take(batch: readonly ReceivedEvent[]): readonly HandlerResult[] {
    return batch.map((event) => {
      takeCommand(event, this.options.description, this.handlers);
      return ACK;
    });
  }

  /** Takes no more work, stores and hands back what runs, and says goodbye (WRK-14). Bounded; further calls wait for the first. */
  leave(reason: string): Promise<void> {
    this.leaving ??= this.leaveInOrder(reason);
    return this.leaving;
  }

  private accept(assignment: Assignment, traceparent: string | undefined): void {
    if (this.roster.meet(assignment) === 'known') return;
    const { outlet, clock, logger } = this.options;
    const span = startAttemptSpan(this.options.tracer, assignment, traceparent);
    const reporter = new AttemptReporter(assignment, outlet, span.traceparent);
    const attempt = new LiveAttempt(assignment, reporter, span, clock);
    this.roster.add(attempt);
    logger.info('attempt assigned', { attempt: attempt.key, type: assignment.taskType });
    this.fillSlots();
    const waiting = this.roster.all().filter(({ state }) => state === 'waiting');
    if (this.leaving !== undefined || waiting.length > WAITING_MAX_PER_SLOT * this.options.description.slots) {
      this.interrupt(attempt, 'preempt', 'the worker takes no more work');
    }
  }

  /** A cancel for an attempt that never came is answered as well, and meets the assignment should it come late. */
  private cancel(cancelled: ReportedAttempt, traceparent: string | undefined): void {
    const attempt = this.roster.find(cancelled);
    if (attempt !== undefined) return this.interrupt(attempt, 'cancel', 'the task was cancelled');
    if (this.roster.meet(cancelled) === 'known') return;
    void this.reportNothingDone(new AttemptReporter(cancelled, this.options.outlet, traceparent), 'cancelled');
  }

  /** One that has ended meanwhile has reported its end already. */
  private handBack(preempted: ReportedAttempt & { readonly reason: string }): void {
    const attempt = this.roster.find(preempted);
    if (attempt !== undefined) this.interrupt(attempt, 'preempt', preempted.reason);
  }

  private abandon(refused: ReportedAttempt): void {
    this.roster.meet(refused);
    this.roster.forget(refused);
    const attempt = this.roster.find(refused);
    if (attempt !== undefined) this.interrupt(attempt, 'abandon', 'the lease was refused');
  }

  private interrupt(attempt: LiveAttempt, kind: Exclude<InterruptKind, 'timeout'>, reason: string): void {
    if (attempt.state !== 'waiting') return attempt.interrupt(kind, reason, this.limitMs * GRACE_PART);
    attempt.move(kind);
    attempt.span.end();
    const published =
      kind === 'abandon'
        ? Promise.resolve()
        : this.reportNothingDone(attempt.reporter, kind === 'cancel' ? 'cancelled' : 'preempted', attempt.assignment);
    this.ended(attempt, published);
  }

  private reportNothingDone(
    reporter: AttemptReporter,
    kind: 'cancelled' | 'preempted',
    assignment?: Assignment,
  ): Promise<void> {
    const checkpoint = assignment?.resumeFrom;
    const at = this.options.instanceClock.nowMs();
    const resumed = checkpoint === undefined ? {} : { checkpoint };
    return reporter.report({ kind, at, step: 0, totalSteps: 0, gpuMs: 0, segmentCount: 0, ...resumed }).published;
  }

  private fillSlots(): void {
    for (;;) {
      const filled = this.leaving === undefined ? this.roster.fillSlot() : undefined;
      if (filled === undefined) return;
      void this.run(filled.attempt, filled.slot);
    }
  }

  private async run(attempt: LiveAttempt, slot: number): Promise<void> {
    attempt.move('prepare');
    const { assignment, span } = attempt;
    const meter = this.options.meter.acquire(slot, ownerOf(assignment), span.traceparent, grantsOf(assignment));
    const { published } = await this.options.runner.run({ attempt, meter });
    this.ended(attempt, published);
    // The GPU may be why it failed: its health was read, and the scheduler hears of it before it gives out the next attempt.
    if (attempt.state === 'failed' && this.leaving === undefined) this.heartbeats.beatAnew();
  }

  private ended(attempt: LiveAttempt, published: Promise<void>): void {
    this.roster.end(attempt, published);
    if (this.roster.all().length === 0) this.resolveEmpty?.();
    this.fillSlots();
  }

  /** A worker that could not renew a lease for its whole time holds it for lost and stops (guarantees.md section 1). */
  private fence(renewedAtMs: number): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const attempt of this.roster.all()) {
      const heldSinceMs = Math.max(renewedAtMs, attempt.acceptedAtMs);
      if (!isLeaseLost(heldSinceMs, attempt.assignment.leaseMs, nowMs)) continue;
      if (attempt.interruption.requested !== undefined) continue;
      this.options.logger.warn('lease not renewed in time', { attempt: attempt.key });
      this.interrupt(attempt, 'preempt', 'the lease could not be renewed');
    }
  }

  private heartbeat(): Heartbeat {
    const { workerId, incarnation } = this.options.description;
    const at = this.options.instanceClock.nowMs();
    const leases = [...this.roster.leases()];
    const draining = this.leaving !== undefined;
    return { workerId, incarnation, at, draining, leaving: false, leases, ...this.options.news.now() };
  }

  private get limitMs(): DurationMs {
    return this.options.leaveLimitMs ?? LEAVE_LIMIT_MS;
  }

  private async leaveInOrder(reason: string): Promise<void> {
    const { meter, outlet, logger } = this.options;
    // 1. No more work; the scheduler hears of it.
    await Promise.resolve();
    logger.info('worker leaves', { reason, attempts: this.attempts() });
    meter.restAs('drain');
    if (this.registered) this.heartbeats.beat();
    // 2. What runs is stored and handed back.
    const empty = new Promise<void>((resolve) => (this.resolveEmpty = resolve));
    for (const attempt of this.roster.all()) this.interrupt(attempt, 'preempt', reason);
    if (this.attempts() > 0) await this.atMost(empty, ATTEMPTS_PART);
    // 3. The last segments, and all that the bus does not have yet.
    await this.atMost(this.heartbeats.stop(), LAST_HEARTBEAT_PART / 2);
    const heldMs = meter.stop();
    if (!(await outlet.drain(this.limitMs * BACKLOG_PART))) {
      logger.warn('left records in the spool', { records: outlet.backlog() });
    }
    // 4. Goodbye: the instance was held until here.
    if (this.registered) await this.atMost(this.sayGoodbye(heldMs), LAST_HEARTBEAT_PART / 2);
    this.stopped.abort();
  }

  private async sayGoodbye(at: number): Promise<void> {
    const last = { ...this.heartbeat(), at, leaving: true, leases: [] };
    const { publisher, logger } = this.options;
    await publisher
      .publish([newEvent(workerHeartbeat, last)])
      .catch((error: unknown) => logger.warn('goodbye not sent', { error: messageOf(error) }));
  }

  private async atMost(work: Promise<void>, part: number): Promise<void> {
    const timeout = new AbortController();
    await Promise.race([work, sleep(this.options.clock, this.limitMs * part, timeout.signal)]);
    timeout.abort();
  }
}
