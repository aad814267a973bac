import { describe, expect, it } from '@jest/globals';
import { costOf, formatDollars, parseDollars } from './money.js';

describe('costOf (BIL-01)', () => {
  it.each([
    // VEC-12 and VEC-13: price per GPU-hour in nano-dollars, GPU time in ms, cost rounded to 1 nano-dollar.
    ['g5.xlarge on demand, one second', 1_000n, '1.006', 279_444n],
    ['g5 Spot, one second', 1_000n, '0.25', 69_444n],
    ['one of eight p4d GPUs, one second', 1_000n, '4.09625', 1_137_847n],
    ['g5.xlarge on demand, 285 s', 285_000n, '1.006', 79_641_667n],
    ['g5 Spot, 285 s', 285_000n, '0.25', 19_791_667n],
  ])('%s', (_name, gpuMs, price, wanted) => {
    expect(costOf(gpuMs, parseDollars(price))).toBe(wanted);
  });

  it('rounds half up', () => {
    expect(costOf(1n, 1_800_000n)).toBe(1n);
    expect(costOf(1n, 1_799_999n)).toBe(0n);
  });
});

describe('dollars as text', () => {
  it.each([
    ['0', 0n],
    ['0.25', 250_000_000n],
    ['32.77', 32_770_000_000n],
    ['-1.000000001', -1_000_000_001n],
  ])('%s', (text, nano) => {
    expect(parseDollars(text)).toBe(nano);
    expect(formatDollars(nano)).toBe(text);
  });

  it.each(['', '1.', '.5', '1e3', '1,5', '0.0000000001'])('refuses %j', (text) => {
    expect(() => parseDollars(text)).toThrow(RangeError);
  });
});
