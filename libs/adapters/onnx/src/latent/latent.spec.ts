import { describe, expect, it } from '@jest/globals';
import { gaussianNoise } from './gaussian-noise.js';
import { steadied, valueAt } from './track.js';

describe('gaussianNoise', () => {
  it('is the same for a seed and another for the next', () => {
    expect(gaussianNoise(7, 220)).toEqual(gaussianNoise(7, 220));
    expect(gaussianNoise(8, 220)).not.toEqual(gaussianNoise(7, 220));
  });

  it('takes any whole number: negative ones, and beyond 32 bits', () => {
    expect(gaussianNoise(-1, 4)).toEqual(gaussianNoise(2 ** 32 - 1, 4));
    expect(gaussianNoise(Number.MAX_SAFE_INTEGER, 5).every(Number.isFinite)).toBe(true);
  });

  it('has mean 0 and variance 1', () => {
    const noise = gaussianNoise(1, 20_000);
    const mean = noise.reduce((sum, v) => sum + v, 0) / noise.length;
    const variance = noise.reduce((sum, v) => sum + v * v, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

describe('valueAt', () => {
  it('goes through the key frames, and straight between those of a straight line but at its ends', () => {
    const track = [0, 1, 2, 3, 4];
    for (const moment of [0, 0.25, 0.3, 0.6, 0.75, 1]) expect(valueAt(track, moment)).toBeCloseTo(4 * moment, 12);
    expect(valueAt([5, -1, 7], 0.5)).toBe(-1);
  });
});

describe('steadied', () => {
  it('takes out a tremble, keeps a real bend and both ends', () => {
    const trembling = [0, 0.105, 0.195, 0.305, 0.4];
    const offLine = (track: readonly number[]): number =>
      Math.max(...track.map((value, i) => Math.abs(value - 0.1 * i)));
    expect(offLine(steadied(trembling, 0.025))).toBeLessThan(offLine(trembling) / 3);
    const bounce = [0, 1, 0, 1, 0];
    steadied(bounce, 0.025).forEach((value, i) => expect(value).toBeCloseTo(bounce[i] ?? NaN, 12));
    expect([steadied(trembling, 0.025)[0], steadied(trembling, 0.025)[4]]).toEqual([0, 0.4]);
  });
});
