import { describe, expect, it } from '@jest/globals';
import { countEnds, pastRunState } from './past-runs.js';
import { nextRun, type SpotRun } from './run-age.js';

const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);
const after = (text: string): SpotRun | undefined =>
  bits(text).reduce<SpotRun | undefined>((run, tick) => nextRun(run, tick === 1), undefined);

describe('the run of capacity before', () => {
  it('is remembered from when it ends until the next one ends', () => {
    expect(after('111')?.lastOnTicks).toBeUndefined();
    expect(after('1110')?.lastOnTicks).toBe(3);
    expect(after('111001')?.lastOnTicks).toBe(3);
    expect(after('1110010')?.lastOnTicks).toBe(1);
    expect(after('0001')?.lastOnTicks).toBeUndefined();
  });

  // Ages {1, 2+} and last runs {1, 2–3, 4+}: four states for each last run, off before on.
  it.each([
    ['no run yet: a middling one', '000', 4 + 1],
    ['a short one', '10', 0],
    ['a short one, on', '101', 2],
    ['a middling one', '1101', 4 + 2],
    ['a long one, on and older', '11110011', 8 + 3],
  ])('gives the state after %s', (_, seen, state) => {
    expect(pastRunState([1, 2], [1, 2, 4], after(seen)!)).toBe(state);
  });

  it('is what ends are counted by, once one is known', () => {
    // Nothing is known until the first 0; then off new (last run 2), on new, on old, off new (last run 3).
    const { seen, ended } = countEnds([1, 2], [1, 3], [bits('110111010')]);
    expect([...seen]).toEqual([1, 0, 1, 2, 1, 0, 1, 0]);
    expect([...ended]).toEqual([1, 0, 0, 1, 1, 0, 1, 0]);
  });
});
