import { messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import type { PolicyConfig } from '../policy/snapshot.js';
import type { ExpireLeases } from './expire-leases.js';
import type { ExpireTasks } from './expire-tasks.js';
import { isNotLeader } from './not-leader.js';
import type { OwnerLoop } from './owner-loop.js';
import type { PublishQueue } from './publish-queue.js';
import type { SweepEnded } from './sweep-ended.js';
import type { CycleOutcome, SchedulingCycle } from './scheduling-cycle.js';

export interface PulseWork {
  readonly cycle: SchedulingCycle;
  readonly expireLeases: ExpireLeases;
  readonly expireTasks: ExpireTasks;
  readonly publishQueue: PublishQueue;
  readonly sweepEnded: SweepEnded;
}

export interface PulseSettings {
  readonly policy: PolicyConfig;
  readonly tickMs: DurationMs;
  /** Every so many ticks the queue's time to live is looked at. */
  readonly ticksPerQueueSweep: number;
}

const TICKS_PER_SIGN_OF_LIFE = 20;
/** What ended long ago is looked for so often; while there is more than one sweep takes, at each tick. */
const TICKS_PER_SWEEP = 600;
const IDLE: CycleOutcome = { placed: 0, waiting: 0, again: false, waits: [] };

/**
 * When the scheduler works: a cycle as soon as work or a slot is new (many wakes, one cycle), and a slow tick that
 * touches the database only where a lease is due, a task waits, or the queue changed. All work goes through the loop.
 */
export class SchedulerPulse {
  private running = false;
  private cycleAsked = false;
  private queueChanged = false;
  private ticks = 0;
  private moreToSweep = false;
  private last: CycleOutcome = IDLE;
  private cancelTick: () => void = () => {};

  constructor(
    private readonly loop: OwnerLoop,
    private readonly work: PulseWork,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly settings: PulseSettings,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.wake();
    this.armTick();
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.running = false;
    this.cancelTick();
    this.last = IDLE;
    await this.loop.idle();
  }

  /** Something changed that a cycle may answer. Cheap; any number of calls before the cycle begins are one. */
  wake(): void {
    this.queueChanged = true;
    if (this.cycleAsked || !this.running) return;
    this.cycleAsked = true;
    void this.attempt('cycle', async () => {
      this.cycleAsked = false;
      await this.runCycle();
    });
  }

  /** Lanes or slots changed in a way that no cycle need answer. */
  noteQueueChange(): void {
    this.queueChanged = true;
  }

  private async runCycle(): Promise<void> {
    this.last = await this.work.cycle.runOnce(this.settings.policy);
    if (this.last.placed > 0) this.queueChanged = true;
    if (this.last.again) this.wake();
  }

  private armTick(): void {
    this.cancelTick = this.clock.after(this.settings.tickMs, () => {
      void this.attempt('tick', () => this.tick()).then(() => {
        if (this.running) this.armTick();
      });
    });
  }

  private async tick(): Promise<void> {
    this.ticks += 1;
    if ((await this.work.expireLeases.execute()) > 0) this.wake();
    if (this.moreToSweep || this.ticks % TICKS_PER_SWEEP === 0) this.moreToSweep = await this.work.sweepEnded.execute();
    if (this.last.waiting > 0) await this.sweepQueue();
    // Also while nothing changes: whoever hears nothing for a minute takes the scheduler for gone.
    if (this.queueChanged || this.last.waiting > 0 || this.ticks % TICKS_PER_SIGN_OF_LIFE === 0) {
      await this.tellQueue();
    }
  }

  /** What could not be told is still news at the next tick. */
  private async tellQueue(): Promise<void> {
    this.queueChanged = false;
    try {
      await this.work.publishQueue.execute(this.last.waits);
    } catch (error) {
      this.queueChanged = true;
      throw error;
    }
  }

  private async sweepQueue(): Promise<void> {
    if (this.ticks % this.settings.ticksPerQueueSweep === 0) await this.work.expireTasks.execute();
    await this.runCycle();
  }

  /** Runs in the loop, if still leading then. A failure is logged; the next tick tries again. */
  private async attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await this.loop.run(async () => {
        if (this.running) await work();
        else this.cycleAsked = false;
      });
    } catch (error) {
      // What failed may have left work undone: the next tick looks again.
      this.last = { ...this.last, waiting: Math.max(1, this.last.waiting) };
      const level = isNotLeader(error) ? 'debug' : 'warn';
      this.logger[level](`scheduler ${name} failed`, { error: messageOf(error) });
    }
  }
}
