import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { draw, medianOf, type Distribution } from './distribution.js';

const DRAWS = 20_000;

function drawn(distribution: Distribution): readonly number[] {
  const rng = seededRng(5);
  return Array.from({ length: DRAWS }, () => draw(distribution, rng)).toSorted((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * sorted.length)] ?? NaN;
}

describe('a distribution', () => {
  it('log-normal has the median and the 90th percentile that are asked for', () => {
    const sorted = drawn({ kind: 'lognormal', medianMs: 1_000, p90Ms: 3_000 });
    expect(quantile(sorted, 0.5) / 1_000).toBeCloseTo(1, 1);
    expect(quantile(sorted, 0.9) / 3_000).toBeCloseTo(1, 1);
  });

  it('exponential has its mean, and its median where it says', () => {
    const sorted = drawn({ kind: 'exponential', meanMs: 1_000 });
    expect(sorted.reduce((sum, value) => sum + value, 0) / DRAWS / 1_000).toBeCloseTo(1, 1);
    expect(quantile(sorted, 0.5) / medianOf({ kind: 'exponential', meanMs: 1_000 })).toBeCloseTo(1, 1);
  });

  it.each([
    [{ kind: 'constant', valueMs: 7 }, 7, 7, 7],
    [{ kind: 'uniform', minMs: 10, maxMs: 20 }, 10, 20, 15],
    [{ kind: 'samples', samplesMs: [3, 1, 2] }, 1, 3, 2],
  ] as const)('%j stays within its bounds', (distribution, min, max, median) => {
    const sorted = drawn(distribution);
    expect(sorted[0]).toBeGreaterThanOrEqual(min);
    expect(sorted.at(-1)).toBeLessThanOrEqual(max);
    expect(medianOf(distribution)).toBe(median);
  });

  it('is the same for the same seed', () => {
    const distribution = { kind: 'lognormal', medianMs: 5, p90Ms: 9 } as const;
    expect(draw(distribution, seededRng(3))).toBe(draw(distribution, seededRng(3)));
  });
});
