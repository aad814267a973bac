import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dealGpuTime } from './deal-gpu-time.js';

/** Lanes whose shares are the whole together. */
const lanes = fc.array(fc.nat(1_000_000), { minLength: 0, maxLength: 8 }).map((edges) => {
  const sorted = [0, ...edges.toSorted((a, b) => a - b), 1_000_000];
  return sorted.slice(1).map((edge, at) => ({ sharePpm: edge - (sorted[at] ?? 0), owed: 0 }));
});

describe('dealing out a GPU', () => {
  it('I1: loses no millisecond, and each lane has its share to less than 1 ms', () => {
    fc.assert(
      fc.property(lanes, fc.nat(10_000), (all, ms) => {
        const dealt = dealGpuTime(ms, all);
        expect(dealt.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(ms);
        for (const [at, { gpuMs }] of dealt.entries()) {
          const exact = (ms * (all[at]?.sharePpm ?? 0)) / 1_000_000;
          expect(gpuMs).toBeGreaterThanOrEqual(0);
          expect(Math.abs(gpuMs - exact)).toBeLessThan(1);
        }
      }),
    );
  });

  it('favours no lane in the long run', () => {
    let state = [250_000, 250_000, 250_000, 250_000].map((sharePpm) => ({ sharePpm, owed: 0 }));
    const sums = [0, 0, 0, 0];
    for (let cut = 0; cut < 1_000; cut++) {
      const dealt = dealGpuTime(7, state);
      dealt.forEach(({ gpuMs }, at) => (sums[at] = (sums[at] ?? 0) + gpuMs));
      state = state.map((lane, at) => ({ ...lane, owed: dealt[at]?.owed ?? 0 }));
    }
    expect(sums).toEqual([1_750, 1_750, 1_750, 1_750]);
  });
});
