import type { DurationMs } from '@millrace/kernel';

/** What became of one event. Only the record's own faults (`dead`, or retries used up) reach the dead-letter topic. */
export type HandlerResult =
  | { readonly kind: 'ack' }
  /** Try again; in process at first, then delayed. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: DurationMs }
  /** A later sequence came first: stored durably until the missing one of the same key passes. */
  | { readonly kind: 'hold'; readonly reason: string }
  /** This key waits behind its failed record. */
  | { readonly kind: 'park'; readonly reason: string }
  /** The fault is ours (a database that is away): the partition pauses and retries for ever. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** The record's own fault: to the dead-letter topic. */
  | { readonly kind: 'dead'; readonly reason: string };

export const ACK: HandlerResult = { kind: 'ack' };
