import type { DurationMs } from '@millrace/kernel';

export interface BusLimits {
  /** Records and bytes of one append; what is published meanwhile goes into the next. */
  readonly appendRecordsMax: number;
  readonly appendBytesMax: number;
  /** Records that wait for an append; above it a publish is refused. */
  readonly waitingRecordsMax: number;
  readonly fetchRecordsPerPartition: number;
  readonly fetchRecordsMax: number;
  /** Bytes that a fetch aims not to exceed, by the record sizes seen before. */
  readonly fetchBytesTarget: number;
  /** A fetch that brought so many records says that more are coming; the next one waits this long for them. */
  readonly busyFetchRecords: number;
  readonly busyPauseMs: DurationMs;
  /** How often the heads are compared without being woken. */
  readonly pollMs: DurationMs;
  /** Other processes are woken at most once in this time. */
  readonly wakeOthersMs: DurationMs;
  readonly heartbeatMs: DurationMs;
  /** A member that is silent for so long is dead. */
  readonly sessionMs: DurationMs;
  /** How long a partition waits for its sink to finish before it goes to its new owner. */
  readonly revokeWaitMs: DurationMs;
  readonly sweepMs: DurationMs;
  /** Records that a sweep removes of one partition at a time, and how many times at most. */
  readonly sweepRecordsPerPartition: number;
  readonly sweepRounds: number;
}

export const BUS_LIMITS: BusLimits = {
  appendRecordsMax: 2_000,
  appendBytesMax: 4 * 1024 * 1024,
  waitingRecordsMax: 50_000,
  fetchRecordsPerPartition: 500,
  fetchRecordsMax: 4_000,
  fetchBytesTarget: 16 * 1024 * 1024,
  busyFetchRecords: 16,
  busyPauseMs: 10,
  pollMs: 1_000,
  wakeOthersMs: 3,
  heartbeatMs: 3_000,
  sessionMs: 10_000,
  revokeWaitMs: 10_000,
  sweepMs: 60_000,
  sweepRecordsPerPartition: 1_000,
  sweepRounds: 20,
};
