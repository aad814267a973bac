import type { OutgoingRecord } from '@millrace/messaging/ports';

export interface SpooledRecord {
  /** Grows with every append; unique within the spool. */
  readonly id: number;
  readonly record: OutgoingRecord;
}

/**
 * What a worker has to say, kept on its own disk until the bus has it. One owner at a time; the next incarnation opens
 * the same place and finds what the last one left (guarantees.md sections 1 and 2).
 * A lost acknowledgement only makes a record come again, with the same event id. Not part of this port: publishing.
 */
export interface Spool {
  /** Resolves when the records survive a crash of the machine. All or nothing: a rejected append left no record. */
  append(records: readonly OutgoingRecord[]): Promise<void>;
  /** The oldest `limit` records that nobody acknowledged, in order of appending. */
  pending(limit: number): Promise<readonly SpooledRecord[]>;
  /** Forgets records. An unknown id is no error. This owner sees them no more even when the promise rejects. */
  acknowledge(ids: readonly number[]): Promise<void>;
  /** Records not acknowledged. */
  depth(): number;
  close(): Promise<void>;
}
