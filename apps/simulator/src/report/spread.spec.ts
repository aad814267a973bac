import { describe, expect, it } from '@jest/globals';
import { jainIndex, spreadOf } from './spread.js';

describe('a spread', () => {
  it('is by nearest rank, in seconds', () => {
    const values = Array.from({ length: 100 }, (_, index) => (100 - index) * 1_000);
    expect(spreadOf(values)).toEqual({ count: 100, mean: 50.5, p50: 50, p95: 95, p99: 99, max: 100 });
  });

  it.each([
    [[], { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 }],
    [[7_000], { count: 1, mean: 7, p50: 7, p95: 7, p99: 7, max: 7 }],
    [[9_000, 10_000, 100_000], { count: 3, p50: 10, p95: 100 }],
  ])('of %j is %j', (values, want) => {
    expect(spreadOf(values)).toMatchObject(want);
  });
});

describe("Jain's index", () => {
  it.each([
    [[3, 3, 3], 1],
    [[1, 0, 0, 0], 0.25],
    [[1, 2], 0.9],
    [[], 1],
    [[0, 0], 1],
  ])('of %j is %d', (values, want) => {
    expect(jainIndex(values)).toBeCloseTo(want, 12);
  });
});
