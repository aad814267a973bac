import type { Instant } from '@millrace/kernel';
import type { DeadLetter, DeadLetterState } from '../../domain/dead-letter.js';

export interface DeadLetterFilter {
  readonly state?: DeadLetterState;
  readonly topic?: string;
  readonly group?: string;
  readonly errorClass?: string;
  readonly eventType?: string;
  readonly taskId?: string;
  /** At this time or later. */
  readonly createdAfter?: Instant;
  readonly createdBefore?: Instant;
}

export interface DeadLetterPosition {
  readonly createdAt: Instant;
  readonly id: string;
}

/** Dead letters of all consumer groups; out of reach of tenants' requests. All methods reject with `unavailable`. */
export interface DeadLetterStore {
  /**
   * Adds what is new by id. One that is there is opened again with the new facts where it was redriven since (its
   * `redrives` are more), and stays as it is otherwise.
   */
  record(letters: readonly DeadLetter[]): Promise<void>;
  find(id: string): Promise<DeadLetter | undefined>;
  /** By (created at, id); `newest` first or `oldest` first. */
  list(
    filter: DeadLetterFilter,
    page: { readonly order: 'newest' | 'oldest'; readonly limit: number; readonly after?: DeadLetterPosition },
  ): Promise<readonly DeadLetter[]>;
  count(filter: DeadLetterFilter): Promise<number>;
  /** Marks those that are open. Others stay as they are. */
  markResolved(
    ids: readonly string[],
    mark: { readonly state: Exclude<DeadLetterState, 'open'>; readonly by: string; readonly at: Instant },
  ): Promise<void>;
  /** Removes at most `limit` that were made before an instant; how many they were. */
  deleteBefore(before: Instant, limit: number): Promise<number>;
}

/** Tells the group that failed what was decided. Resolves when the bus has it; telling twice is harmless. */
export interface DeadLetterCourier {
  tell(letters: readonly DeadLetter[], decision: 'redrive' | 'skip'): Promise<void>;
}
