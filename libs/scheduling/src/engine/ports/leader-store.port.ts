import type { DurationMs } from '@millrace/kernel';

/** Leadership as held: no other holder has a term as high. */
export interface Leadership {
  readonly holder: string;
  readonly term: number;
}

/** The leader row, outside any transaction of the scheduler. Times are the database's, so no two clocks are compared. */
export interface LeaderStore {
  /**
   * Compare-and-set. Takes the row when it is free, expired, or its holder has this name (an earlier life of it), with
   * the next term; returns undefined while another holds it.
   */
  acquire(holder: string, ttlMs: DurationMs): Promise<Leadership | undefined>;
  /** Prolongs. False: the term was taken by another. */
  renew(leadership: Leadership, ttlMs: DurationMs): Promise<boolean>;
  /** Lets go at once, so that another need not wait out the time. Does nothing when the term was taken. */
  release(leadership: Leadership): Promise<void>;
}

/** The leader row inside a transaction. */
export interface LeaderGuard {
  /**
   * Rejects with `not_leader` (unavailable) unless this term is the row's, and keeps the row from changing until the
   * transaction ends (`FOR SHARE`): a paused or cut-off leader can't write.
   */
  confirm(leadership: Leadership): Promise<void>;
}
