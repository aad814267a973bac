import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sliceSharePpm, splitByWeight, timeSlicedSharesPpm } from './shares.js';

describe('splitByWeight', () => {
  it('BIL-04 rule 4: gives the rest to the largest remainders, ties to the first', () => {
    expect(splitByWeight(10, [1, 1, 1])).toEqual([4, 3, 3]);
    expect(splitByWeight(10, [1, 2, 4])).toEqual([1, 3, 6]);
    expect(splitByWeight(7, [0, 1])).toEqual([0, 7]);
  });

  it('BIL-04 P10: sums exactly, and no part is a whole unit off', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), weights, (total, raw) => {
        const given = raw.some((weight) => weight > 0) ? raw : [1];
        const sum = given.reduce((all, weight) => all + weight, 0);
        const parts = splitByWeight(total, given);
        expect(parts.reduce((all, part) => all + part, 0)).toBe(total);
        parts.forEach((part, i) => expect(Math.abs(part - (total * (given[i] ?? 0)) / sum)).toBeLessThan(1));
      }),
    );
  });

  it('refuses weights of which none is above 0', () => {
    expect(() => splitByWeight(10, [0, 0])).toThrow('at least one weight');
  });
});

it('BIL-04 rule 2: a MIG slice has its fraction, rounded down', () => {
  expect([1, 3, 7].map((slices) => sliceSharePpm(slices, 7))).toEqual([142_857, 428_571, 1_000_000]);
});

it('BIL-04 rule 3: time-sliced tasks have the larger of reserved and measured, never more than the GPU together', () => {
  const shares = (...tasks: [number, number][]) =>
    timeSlicedSharesPpm(tasks.map(([reservedPpm, measuredPpm]) => ({ reservedPpm, measuredPpm })));
  expect(shares([300_000, 100_000], [200_000, 400_000])).toEqual([300_000, 400_000]);
  expect(shares([500_000, 900_000], [500_000, 100_000], [0, 100_000])).toEqual([600_000, 333_333, 66_667]);
});
