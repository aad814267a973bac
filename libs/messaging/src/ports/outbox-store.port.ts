import type { DurationMs } from '@millrace/kernel';
import type { OutgoingRecord } from './event-bus.port.js';

/** One outbox row: the stamped records of one transaction. */
export interface OutboxBatch {
  readonly id: string;
  readonly records: readonly OutgoingRecord[];
}

/**
 * What the outbox dispatcher needs of the table that the unit of work writes (guarantees.md section 1, "Outbox").
 * Never read by "position greater than last": sequence order is not commit order. Ages are by the database's clock.
 */
export interface OutboxStore {
  /** Marks rows as published (or removes them). Unknown ids are ignored. One statement. */
  markPublished(ids: readonly string[]): Promise<void>;
  /** Committed, unpublished rows that are at least `olderThanMs` old, oldest first, at most `limit`. */
  leftBehind(options: { readonly olderThanMs: DurationMs; readonly limit: number }): Promise<readonly OutboxBatch[]>;
  /** Age of the oldest unpublished row, undefined when all are published. Cheap: asked once a second. */
  oldestUnpublishedMs(): Promise<DurationMs | undefined>;
  /**
   * Runs `work` while no other process relays this outbox (an advisory lock in Postgres) and resolves with true;
   * resolves with false at once, without running it, while another one does. Rejects with what `work` rejects with.
   */
  exclusively(work: () => Promise<void>): Promise<boolean>;
}
