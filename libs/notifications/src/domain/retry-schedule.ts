import { jittered, type DurationMs, type Rng } from '@millrace/kernel';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Wait before each try: ten tries over 75.6 h (guarantees.md section 3, P14). */
export const RETRY_SCHEDULE_MS: readonly DurationMs[] = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
const JITTER = 0.2;

/**
 * Wait before the next try after `tries` tries, spread by ±20 %; undefined when none is left.
 * A receiver's Retry-After makes it longer, never shorter, and at most a day.
 */
export function nextTryDelayMs(tries: number, retryAfterMs: DurationMs | undefined, rng: Rng): DurationMs | undefined {
  const planned = RETRY_SCHEDULE_MS[tries];
  if (planned === undefined) return undefined;
  return Math.max(jittered(planned, JITTER, rng), Math.min(retryAfterMs ?? 0, 24 * HOUR_MS));
}
