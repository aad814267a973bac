import { describe, expect, it } from '@jest/globals';
import { isBackingOff, retryNotBefore } from './retry-backoff.js';
import type { Attempt, AttemptState } from './attempt.js';

const ENDED_AT = 1_000_000;

function after(state: AttemptState, failureRetries: number): number | null {
  const attempt = { state, endedAt: ENDED_AT } as Attempt;
  return retryNotBefore({ attempts: [attempt], failureRetries });
}

describe('retry backoff', () => {
  it('WRK-13: pauses 1 s, 5 s, then 30 s before each further failure retry', () => {
    expect([1, 2, 3, 4, 10].map((retries) => (after('failed', retries) ?? 0) - ENDED_AT)).toEqual([
      1_000, 5_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('asks for no pause after a preemption or a lost worker, nor of a task that never ran', () => {
    expect([after('preempted', 2), after('lost', 2), after('failed', 0)]).toEqual([null, null, null]);
    expect(retryNotBefore({ attempts: [], failureRetries: 0 })).toBeNull();
  });

  it('ends to the millisecond, and is no hold-up where another clock wrote the time', () => {
    expect([isBackingOff(null, 5), isBackingOff(1_000, 999), isBackingOff(1_000, 1_000)]).toEqual([false, true, false]);
    expect([isBackingOff(31_000, 1_000), isBackingOff(3_600_000, 1_000)]).toEqual([true, false]);
  });
});
