import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { longRunShare, regimeChain } from './regime-chain.js';
import { RegimeWatch, type SpotRegimes } from './spot-regimes.js';

/** A gap and a drought, flicker and calm: what a long gap and a short run mean is not told by one tick. */
const REGIMES: SpotRegimes = {
  offStates: 2,
  startShares: [0.1, 0.1, 0.1, 0.7],
  chances: [
    [0.4, 0, 0.1, 0.5],
    [0, 0.97, 0.03, 0],
    [0.1, 0.7, 0.2, 0],
    [0.02, 0, 0, 0.98],
  ],
};
const [GAP, DROUGHT, FLICKER, CALM] = [0, 1, 2, 3];

function watched(text: string): RegimeWatch {
  const watch = new RegimeWatch(REGIMES);
  for (const tick of text) watch.observe(tick === '1');
  return watch;
}

const ticks = fc.array(fc.boolean(), { minLength: 1, maxLength: 80 });

describe('the watch of one zone', () => {
  it('believes in a whole, and only what agrees with what is seen', () => {
    fc.assert(
      fc.property(ticks, (seen) => {
        const watch = new RegimeWatch(REGIMES);
        for (const on of seen) watch.observe(on);
        const on = seen.at(-1) === true;
        expect(watch.belief.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        watch.belief.forEach((share, state) => {
          if (state >= REGIMES.offStates !== on) expect(share).toBe(0);
        });
        const both = [true, false].map((next) => watch.ahead(watch.belief, next).chance);
        expect((both[0] ?? 0) + (both[1] ?? 0)).toBeCloseTo(1, 9);
      }),
      { numRuns: 100 },
    );
  });

  it('takes one tick of capacity for calm after calm, and for flicker in a drought', () => {
    expect(watched('11111111101').belief[CALM]).toBeGreaterThan(0.8);
    expect(watched('11100000000000000000001').belief[FLICKER]).toBeGreaterThan(0.9);
  });

  it('takes a gap for a drought the longer it lasts', () => {
    const short = watched('1110').belief;
    const long = watched('1110000000000').belief;
    expect(short[GAP]).toBeGreaterThan(0.8);
    expect(long[DROUGHT]).toBeGreaterThan(short[DROUGHT] ?? 1);
    expect(watched('11101' + '0'.repeat(12)).belief[DROUGHT]).toBeGreaterThan(0.9);
  });

  it('learns chances from what it sees: the fit weighs as much as 100 ticks in a state', () => {
    const watch = watched('1'.repeat(101));
    // Calm has stayed calm in 100 ticks: 98 of 100 by the fit, 198 of 200 with them.
    expect(watch.chance(CALM, CALM)).toBeCloseTo(0.99, 2);
    expect(watch.chance(CALM, GAP)).toBeCloseTo(0.01, 2);
    for (let from = 0; from < 4; from++) {
      const row = [0, 1, 2, 3].map((to) => watch.chance(from, to));
      expect(row.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 9);
    }
  });

  it('goes on from what the chain holds impossible', () => {
    const stuck: SpotRegimes = {
      offStates: 1,
      startShares: [0, 1],
      chances: [
        [1, 0],
        [0, 1],
      ],
    };
    const watch = new RegimeWatch(stuck);
    [true, false, true].forEach((on) => watch.observe(on));
    expect([...watch.belief]).toEqual([0, 1]);
  });

  it('must have seen a tick before it is planned with', () => {
    expect(() => new RegimeWatch(REGIMES).belief).toThrow('must be seen');
  });
});

describe('the chain of a zone’s regimes', () => {
  it('leaves out the rarest steps, and keeps each row a whole', () => {
    const chain = regimeChain(watched('1'.repeat(3000)));
    const calm = [...chain.to.subarray(chain.from[CALM], chain.from[CALM + 1])];
    expect(calm).toEqual([CALM]);
    expect(chain.chance[chain.from[CALM] ?? 0]).toBe(1);
    expect([...chain.on]).toEqual([0, 0, 1, 1]);
  });

  it('has capacity as often as its chances say, in the long run', () => {
    const even: SpotRegimes = {
      offStates: 1,
      startShares: [0.5, 0.5],
      chances: [
        [0.9, 0.1],
        [0.3, 0.7],
      ],
    };
    expect(longRunShare(regimeChain(new RegimeWatch(even)))).toBeCloseTo(0.25, 9);
  });
});
