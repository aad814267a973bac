import type { BackoffPolicy, DurationMs } from '@millrace/kernel';

/** Every bound of the consumer runtime, per consumer (guarantees.md section 1, "Consumer runtime"). */
export interface ConsumerLimits {
  /** Records and bytes that wait or run; at either the partitions pause, at half of both they resume. */
  readonly inFlightRecordsMax: number;
  readonly inFlightBytesMax: number;
  /** Events of one call of the handler. */
  readonly batchEventsMax: number;
  readonly batchesInFlightMax: number;
  /** Calls with one event, after a failed batch or a failed try: they have slots of their own. */
  readonly aloneInFlightMax: number;
  readonly handlerDeadlineMs: DurationMs;
  /** Delay before each in-process retry. */
  readonly retryDelaysMs: readonly DurationMs[];
  /** Delay before each retry after those: the record waits in the store, over restarts. After the last it is dead. */
  readonly delayedRetryDelaysMs: readonly DurationMs[];
  /** 0.2 spreads each retry by ±20 %. */
  readonly retryJitter: number;
  /** The longest delay that a handler may ask for with `retry(afterMs)`. */
  readonly retryAfterMaxMs: DurationMs;
  /** How a partition waits while the fault is ours; for ever. Short: what it holds up may be the end of a lease's task. */
  readonly unavailableBackoff: BackoffPolicy;
  readonly commitIntervalMs: DurationMs;
  readonly commitRetryMs: DurationMs;
  readonly revokeWaitMs: DurationMs;
  readonly drainMs: DurationMs;
  /** Parked events of one key that are loaded at a time. */
  readonly parkedLoadMax: number;
  readonly parkedLoadsInFlightMax: number;
  /** How often the store is asked whether a blocked key was redriven or skipped. No timer without such a key. */
  readonly parkedRecheckMs: DurationMs;
  /** Lag and nothing fetched for so long: subscribe anew. */
  readonly watchdogMs: DurationMs;
  /** Longest wait for a subscription to close before a new one is made. */
  readonly closeWaitMs: DurationMs;
}

export const CONSUMER_LIMITS: ConsumerLimits = {
  inFlightRecordsMax: 256,
  inFlightBytesMax: 16 * 1024 * 1024,
  batchEventsMax: 256,
  batchesInFlightMax: 2,
  aloneInFlightMax: 4,
  handlerDeadlineMs: 30_000,
  retryDelaysMs: [100, 400, 1_600],
  delayedRetryDelaysMs: [30_000, 300_000, 1_800_000],
  retryJitter: 0.2,
  retryAfterMaxMs: 30_000,
  unavailableBackoff: { initialMs: 200, maxMs: 2_000, factor: 2, jitter: 0.2 },
  commitIntervalMs: 100,
  commitRetryMs: 1_000,
  revokeWaitMs: 10_000,
  drainMs: 25_000,
  parkedLoadMax: 500,
  parkedLoadsInFlightMax: 4,
  parkedRecheckMs: 30_000,
  watchdogMs: 60_000,
  closeWaitMs: 10_000,
};
