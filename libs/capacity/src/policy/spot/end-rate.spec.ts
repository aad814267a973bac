import { describe, expect, it } from '@jest/globals';
import { chainAtLevel, END_RATE_LEVELS, expectedLevel, NO_EVIDENCE, weighEnd } from './end-rate.js';
import type { SpotFit } from './spot-fit.js';

const FIT: SpotFit = {
  tickSeconds: 600,
  ageBins: [1, 4],
  on: { endChance: [0.2, 0.05], growChance: [0.3, 0] },
  off: { endChance: [0.4, 0.1], growChance: [0.25, 0] },
  endRateSpread: 0.7,
  evidenceHalfLifeTicks: 100,
};

const watched = (ends: readonly boolean[], ageTicks = 1): number =>
  expectedLevel(
    FIT,
    ends.reduce((evidence, ended) => weighEnd(FIT, evidence, { on: true, ageTicks }, ended), NO_EVIDENCE),
  );

describe('the rate at which a zone ends its runs', () => {
  it('is held for the fit’s, give or take, before anything is seen', () => {
    expect(Math.abs(expectedLevel(FIT, NO_EVIDENCE))).toBeLessThanOrEqual(0.35);
  });

  it('rises with runs that end and falls with runs that go on', () => {
    const ends = Array.from({ length: 8 }, () => true);
    expect(watched(ends)).toBe(END_RATE_LEVELS.at(-1));
    expect(watched(Array.from({ length: 60 }, () => false))).toBe(END_RATE_LEVELS[0]);
    expect(watched([...ends, ...Array.from({ length: 8 }, () => false)])).toBeGreaterThan(0);
  });

  it('learns more from a run that lives on where most would have ended', () => {
    const goesOn = Array.from({ length: 6 }, () => false);
    expect(watched(goesOn, 1)).toBeLessThan(watched(goesOn, 4));
  });

  it('learns nothing from ticks without capacity', () => {
    expect(weighEnd(FIT, NO_EVIDENCE, { on: false, ageTicks: 3 }, true)).toBe(NO_EVIDENCE);
  });

  it('forgets: evidence weighs half after its half-life of ticks', () => {
    const quiet: SpotFit = { ...FIT, on: { ...FIT.on, endChance: [0.2, 0] } };
    const evidence = weighEnd(quiet, NO_EVIDENCE, { on: true, ageTicks: 1 }, true);
    let later = evidence;
    for (let tick = 0; tick < 100; tick++) later = weighEnd(quiet, later, { on: true, ageTicks: 4 }, false);
    later.forEach((value, index) => expect(value).toBeCloseTo((evidence[index] ?? 0) / 2, 9));
  });

  it('survives what the fit holds to be impossible', () => {
    const never: SpotFit = { ...FIT, on: { ...FIT.on, endChance: [0, 0] } };
    const evidence = weighEnd(never, NO_EVIDENCE, { on: true, ageTicks: 1 }, true);
    expect(Number.isFinite(expectedLevel(never, evidence))).toBe(true);
  });

  it('gives a chain of the fit’s own figures at level 0', () => {
    const chain = chainAtLevel(FIT, 0);
    expect([...chain.on]).toEqual([0, 0, 1, 1]);
    expect([...chain.from]).toEqual([0, 3, 5, 8, 10]);
    expect([...chain.to]).toEqual([2, 0, 1, 2, 1, 0, 2, 3, 0, 3]);
    const on = [0.2, 0.8 * 0.7, 0.8 * 0.3, 0.05, 0.95];
    [0.4, 0.6 * 0.75, 0.6 * 0.25, 0.1, 0.9, ...on].forEach((chance, k) =>
      expect(chain.chance[k]).toBeCloseTo(chance, 12),
    );
  });

  it('ends runs of capacity sooner at a higher level, other runs as before, and keeps rows whole', () => {
    const [low, high] = [chainAtLevel(FIT, -0.7), chainAtLevel(FIT, 0.7)];
    expect(high.chance[5]).toBeGreaterThan(low.chance[5]!);
    expect(high.chance[8]).toBeCloseTo(1 - 0.95 ** Math.exp(0.7), 12);
    expect(high.chance[0]).toBe(low.chance[0]);
    for (let state = 0; state < 4; state++) {
      const row = high.chance.slice(high.from[state], high.from[state + 1]);
      expect(row.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 12);
    }
  });

  it('leads from a run of capacity to states that remember its length', () => {
    const past: SpotFit = {
      ...FIT,
      pastRunBins: [1, 4],
      on: {
        ...FIT.on,
        endChanceAfter: [
          [0.3, 0.1],
          [0.1, 0.02],
        ],
      },
      off: {
        ...FIT.off,
        endChanceAfter: [
          [0.4, 0.1],
          [0.5, 0.2],
        ],
      },
    };
    const chain = chainAtLevel(past, 0);
    expect([...chain.on]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    const ends = (state: number): readonly number[] => [
      chain.to[chain.from[state]!]!,
      chain.chance[chain.from[state]!]!,
    ];
    // Off states come back to the same past; a run of age 1 counts as short, one of 4 and more as long.
    expect([0, 1, 2, 3].map(ends)).toEqual([
      [2, 0.4],
      [2, 0.1],
      [0, expect.closeTo(0.3, 12)],
      [4, expect.closeTo(0.1, 12)],
    ]);
    expect([4, 5, 6, 7].map(ends)).toEqual([
      [6, 0.5],
      [6, 0.2],
      [0, expect.closeTo(0.1, 12)],
      [4, expect.closeTo(0.02, 12)],
    ]);
  });

  it('weighs an end by the last run: where runs were long, an end says more', () => {
    const past: SpotFit = {
      ...FIT,
      pastRunBins: [1, 4],
      on: {
        ...FIT.on,
        endChanceAfter: [
          [0.9, 0.9],
          [0.02, 0.02],
        ],
      },
      off: {
        ...FIT.off,
        endChanceAfter: [
          [0.4, 0.1],
          [0.4, 0.1],
        ],
      },
    };
    const level = (lastOnTicks: number): number => {
      const once = weighEnd(past, NO_EVIDENCE, { on: true, ageTicks: 1, lastOnTicks }, true);
      return expectedLevel(past, weighEnd(past, once, { on: true, ageTicks: 1, lastOnTicks }, true));
    };
    expect(level(9)).toBeGreaterThan(level(2));
  });
});
