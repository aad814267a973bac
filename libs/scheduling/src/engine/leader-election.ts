import { messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import type { Leadership, LeaderStore } from './ports/leader-store.port.js';

export interface LeaderElectionOptions {
  readonly store: LeaderStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name of this process in the leader row. A name that stays over restarts takes over its own earlier term at once. */
  readonly holder: string;
  readonly ttlMs: DurationMs;
  /** Called with the leadership; the next renewal waits for nothing it does. */
  readonly elected: (leadership: Leadership) => Promise<void>;
  /** Called when the leadership is over, once per `elected`. */
  readonly lost: () => Promise<void>;
}

const TRIES_PER_TTL = 3;

/**
 * One scheduler leads (architecture.md section 2). Tries three times per time to live; gives up by its own monotonic
 * clock when a renewal did not come through in time, although the term check in each transaction is what protects.
 */
export class LeaderElection {
  private leadership: Leadership | undefined;
  private renewedMs = 0;
  private cancelTimer: () => void = () => {};
  private stopped = false;
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeaderElectionOptions) {}

  /**
   * The term held; undefined also while its time to live is over by this clock and no renewal has been answered since:
   * another may lead by then.
   */
  current(): Leadership | undefined {
    return this.isOverdue() ? undefined : this.leadership;
  }

  /** Whether it was elected and has not stepped down, also while `current` waits for a renewal. */
  isElected(): boolean {
    return this.leadership !== undefined;
  }

  /** Tries at once, and then for ever. Resolves after the first try, whoever leads. */
  start(): Promise<void> {
    this.turn = this.takeTurn();
    return this.turn;
  }

  /** Steps down and lets another take over at once. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer();
    await this.turn;
    const held = this.leadership;
    await this.stepDown();
    if (held !== undefined) await this.options.store.release(held).catch((error: unknown) => this.warn(error));
  }

  private async takeTurn(): Promise<void> {
    try {
      await (this.leadership === undefined ? this.acquire() : this.renew(this.leadership));
    } catch (error) {
      this.warn(error);
      if (this.isOverdue()) await this.stepDown();
    }
    if (this.stopped) return;
    this.cancelTimer = this.options.clock.after(this.options.ttlMs / TRIES_PER_TTL, () => {
      this.turn = this.takeTurn();
    });
  }

  private async acquire(): Promise<void> {
    const { store, clock, holder, ttlMs, elected, logger } = this.options;
    const askedMs = clock.monotonicMs();
    const leadership = await store.acquire(holder, ttlMs);
    if (leadership === undefined) return;
    this.leadership = leadership;
    this.renewedMs = askedMs;
    logger.info('leads', { term: leadership.term });
    elected(leadership).catch((error: unknown) => this.abdicate(leadership, error));
  }

  private async renew(leadership: Leadership): Promise<void> {
    const askedMs = this.options.clock.monotonicMs();
    const kept = await this.options.store.renew(leadership, this.options.ttlMs);
    if (!kept) return this.stepDown();
    this.renewedMs = askedMs;
  }

  /** The start as leader failed: let go, so that the next turn, here or elsewhere, tries again. */
  private abdicate(leadership: Leadership, error: unknown): void {
    this.warn(error);
    if (this.leadership?.term !== leadership.term) return;
    this.turn = this.turn
      .then(() => this.stepDown())
      .then(() => this.options.store.release(leadership))
      .catch((failure: unknown) => this.warn(failure));
  }

  private isOverdue(): boolean {
    const { clock, ttlMs } = this.options;
    return this.leadership !== undefined && clock.monotonicMs() - this.renewedMs >= ttlMs;
  }

  private async stepDown(): Promise<void> {
    if (this.leadership === undefined) return;
    this.options.logger.warn('leads no more', { term: this.leadership.term });
    this.leadership = undefined;
    await this.options.lost().catch((error: unknown) => this.warn(error));
  }

  private warn(error: unknown): void {
    this.options.logger.warn('leader election: a step failed', { error: messageOf(error) });
  }
}
