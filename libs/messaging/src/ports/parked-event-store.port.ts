import type { Instant } from '@millrace/kernel';
import type { IncomingRecord, TopicPartition } from './event-bus.port.js';

/**
 * Why a record waits outside the bus:
 * `held`: its sequence came too early; offered again whenever an event of its key was applied.
 * `parked`: waits behind an earlier record of its key; offered again, in order, once nothing dead lies before it.
 * `delayed`: failed, and is tried again at `dueAt`; what follows of its key is parked behind it.
 * `dead`: lies in the dead-letter topic and blocks its key until it is redriven (made `parked`) or skipped (removed).
 */
export const PARKED_KINDS = ['held', 'parked', 'delayed', 'dead'] as const;
export type ParkedKind = (typeof PARKED_KINDS)[number];

export interface ParkedEvent {
  readonly kind: ParkedKind;
  readonly reason: string;
  readonly parkedAt: Instant;
  /** When a `delayed` record is tried again; on no other kind. */
  readonly dueAt?: Instant;
  /** Calls of the handler that failed so far; absent for none. */
  readonly failedTries?: number;
  /** Times that an operator put the record back after its death; absent for none. */
  readonly redrives?: number;
  /** The record as it came: raw bytes and original position. */
  readonly record: IncomingRecord;
}

/** A key that has parked events, with how many of each kind. `topic` and `key` name it, `partition` says who owns it. */
export interface ParkedKey extends TopicPartition {
  readonly key: string;
  readonly counts: Readonly<Record<ParkedKind, number>>;
}

/** What an operator decides about a dead record. */
export const RESOLUTIONS = ['redrive', 'skip'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export interface RecordPosition extends TopicPartition {
  readonly offset: bigint;
}

/**
 * Events that a consumer group set aside, durably, so that its offsets may move on (guarantees.md section 1).
 * The identity of an entry is (group, topic, partition, offset). All methods reject with `unavailable` when the store
 * is away. Not part of this port: deciding when an event is offered again.
 */
export interface ParkedEventStore {
  /** Stores all or none. An entry that is there already gets the new values and keeps its `parkedAt` and record. */
  put(group: string, events: readonly ParkedEvent[]): Promise<void>;
  /** Every key of the partitions that has entries. Read at each assignment, so it must not scan the payloads. */
  keys(group: string, partitions: readonly TopicPartition[]): Promise<readonly ParkedKey[]>;
  /** The entries of one key of one topic, by ascending offset, at most `limit`. */
  load(group: string, topic: string, key: string, limit: number): Promise<readonly ParkedEvent[]>;
  /** Removes entries that were applied or skipped. Unknown positions are ignored. */
  remove(group: string, positions: readonly RecordPosition[]): Promise<void>;
  /**
   * Ends the block of entries that are `dead`; others and unknown positions are left as they are. `redrive` makes them
   * `parked`, with fresh tries and one redrive more; `skip` removes them. Returns the positions that were dead.
   */
  resolve(
    group: string,
    positions: readonly RecordPosition[],
    resolution: Resolution,
  ): Promise<readonly RecordPosition[]>;
}
