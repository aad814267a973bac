import type { DurationMs } from './clock.js';
import type { Rng } from './rng.js';

export interface BackoffPolicy {
  readonly initialMs: DurationMs;
  readonly maxMs: DurationMs;
  readonly factor: number;
  /** 0.2 spreads each delay by ±20 %. */
  readonly jitter: number;
}

/** Delay before try `attempt` (1 = the first retry): exponential, capped, jittered. */
export function backoffMs(policy: BackoffPolicy, attempt: number, rng: Rng): DurationMs {
  const plain = Math.min(policy.maxMs, policy.initialMs * policy.factor ** (attempt - 1));
  return jittered(plain, policy.jitter, rng);
}

/** `delayMs` spread by ±`jitter` (a fraction). */
export function jittered(delayMs: DurationMs, jitter: number, rng: Rng): DurationMs {
  return Math.round(delayMs * (1 + jitter * (2 * rng.next() - 1)));
}
