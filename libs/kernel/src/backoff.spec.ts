import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';
import { seededRng } from './rng.js';

const POLICY = { initialMs: 100, maxMs: 2000, factor: 4, jitter: 0.2 };

describe('backoffMs', () => {
  it.each([
    [1, 100],
    [2, 400],
    [3, 1600],
    [4, 2000],
  ])('try %i is %i ms, spread by 20 %%', (attempt, plain) => {
    const rng = seededRng(attempt);
    for (let i = 0; i < 100; i++) {
      const delay = backoffMs(POLICY, attempt, rng);
      expect(delay).toBeGreaterThanOrEqual(plain * 0.8);
      expect(delay).toBeLessThanOrEqual(plain * 1.2);
    }
  });
});
