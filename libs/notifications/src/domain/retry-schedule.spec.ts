import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { RETRY_SCHEDULE_MS, nextTryDelayMs } from './retry-schedule.js';

const HOUR_MS = 3_600_000;
const middle = { next: () => 0.5, bytes: () => new Uint8Array() };

describe('webhook retry schedule (P14)', () => {
  it('makes ten tries over 75.6 hours', () => {
    expect(RETRY_SCHEDULE_MS).toHaveLength(10);
    expect(RETRY_SCHEDULE_MS.reduce((sum, delay) => sum + delay, 0) / HOUR_MS).toBeCloseTo(75.585, 3);
    expect(nextTryDelayMs(10, undefined, middle)).toBeUndefined();
  });

  it('spreads each wait by 20 %', () => {
    const rng = seededRng(1);
    const waits = Array.from({ length: 500 }, () => nextTryDelayMs(2, undefined, rng) ?? 0);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0.8 * 300_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1.2 * 300_000);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(0.3 * 300_000);
  });

  it('honours Retry-After where it is longer, for a day at most', () => {
    expect(nextTryDelayMs(1, 60_000, middle)).toBe(60_000);
    expect(nextTryDelayMs(3, 60_000, middle)).toBe(RETRY_SCHEDULE_MS[3]);
    expect(nextTryDelayMs(1, 99 * 24 * HOUR_MS, middle)).toBe(24 * HOUR_MS);
  });
});
