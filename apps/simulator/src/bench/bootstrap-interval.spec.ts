import { seededRng } from '@millrace/kernel';
import { describe, expect, it } from '@jest/globals';
import { bootstrapInterval } from './bootstrap-interval.js';

const normal = (seed: number, count: number, mean: number): number[] => {
  const rng = seededRng(seed);
  // Twelve uniforms less six: mean 0, deviation 1.
  return Array.from({ length: count }, () => mean - 6 + Array.from({ length: 12 }, rng.next).reduce((a, b) => a + b));
};

describe('a bootstrap interval', () => {
  it('is two standard errors about the mean, or nearly', () => {
    const values = normal(3, 400, 5);
    const { mean, low, high } = bootstrapInterval([values], seededRng(1));
    expect(mean).toBeCloseTo(values.reduce((a, b) => a + b) / 400, 9);
    expect(mean - low).toBeGreaterThan(0.08);
    expect(mean - low).toBeLessThan(0.12);
    expect(high - mean).toBeGreaterThan(0.08);
    expect(high - mean).toBeLessThan(0.12);
  });

  it('draws inside groups: what differs between them does not widen it', () => {
    const groups = [Array.from({ length: 50 }, () => 0), Array.from({ length: 50 }, () => 100)];
    expect(bootstrapInterval(groups, seededRng(1))).toEqual({ mean: 50, low: 50, high: 50 });
  });

  it('is the same for the same seed', () => {
    const values = normal(4, 30, 0);
    expect(bootstrapInterval([values], seededRng(7))).toEqual(bootstrapInterval([values], seededRng(7)));
  });

  it('is nothing of nothing', () => {
    expect(bootstrapInterval([[]], seededRng(1)).mean).toBeNaN();
  });
});
