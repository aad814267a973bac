import { describe, expect, it } from '@jest/globals';
import { nextRun, type SpotRun } from '../spot/run-age.js';
import type { SpotChain } from '../spot/spot-chain.js';
import { fitSpot } from '../spot/spot-fit.js';
import { countTick, longRunShare, noZoneCounts, zoneChain, zoneState, type ZoneBins } from './zone-chain.js';

const FINE: ZoneBins = { on: [1, 2, 4, 10, 25], off: [1, 2, 4, 10, 25] };
const COARSE: ZoneBins = { on: [1, 4], off: [1, 10] };
const PATTERN = '110111110001111111111110110000000000001111111111111111111111111111110';
const FIT = fitSpot([[Uint8Array.from(PATTERN.repeat(20), Number)]], 600);

function counted(bins: ZoneBins, text: string): Float64Array {
  const counts = noZoneCounts(bins);
  let run: SpotRun | undefined;
  for (const tick of text) {
    const next = nextRun(run, tick === '1');
    if (run !== undefined) countTick(bins, counts, run, next);
    run = next;
  }
  return counts;
}

function chanceOf(chain: SpotChain, from: number, to: number): number {
  for (let entry = chain.from[from] ?? 0; entry < (chain.from[from + 1] ?? 0); entry++) {
    if (chain.to[entry] === to) return chain.chance[entry] ?? 0;
  }
  return 0;
}

describe('the chain of a zone', () => {
  it.each<[boolean, number, number]>([
    [false, 1, 0],
    [false, 9, 0],
    [false, 10, 1],
    [true, 3, 2],
    [true, 4, 3],
    [true, 400, 3],
  ])('puts a run (on %p, %i ticks old) into state %i of coarse bins', (on, ageTicks, state) => {
    expect(zoneState(COARSE, { on, ageTicks })).toBe(state);
  });

  it('is that of the fit while the zone has shown nothing', () => {
    const chain = zoneChain(FIT, FINE, noZoneCounts(FINE));
    const offs = FINE.off.length;
    FIT.on.endChance.forEach((end, bin) => expect(chanceOf(chain, offs + bin, 0)).toBeCloseTo(end, 9));
    FIT.off.endChance.forEach((end, bin) => expect(chanceOf(chain, bin, offs)).toBeCloseTo(end, 9));
  });

  it('has rows that sum to 1, whatever the bins', () => {
    for (const bins of [FINE, COARSE]) {
      const chain = zoneChain(FIT, bins, counted(bins, PATTERN));
      for (let state = 0; state < chain.on.length; state++) {
        let sum = 0;
        for (let to = 0; to < chain.on.length; to++) sum += chanceOf(chain, state, to);
        expect(sum).toBeCloseTo(1, 9);
      }
    }
  });

  it('has the same share of capacity in the long run in coarser bins', () => {
    const fine = longRunShare(zoneChain(FIT, FINE, noZoneCounts(FINE)));
    const coarse = longRunShare(zoneChain(FIT, COARSE, noZoneCounts(COARSE)));
    expect(coarse).toBeCloseTo(fine, 2);
  });

  it('weighs the fit as 20 ticks of the zone in each state', () => {
    const flicker = counted(FINE, '10'.repeat(21));
    const prior = FIT.on.endChance[0] ?? 0;
    expect(chanceOf(zoneChain(FIT, FINE, flicker), FINE.off.length, 0)).toBeCloseTo((20 * prior + 21) / 41, 9);
  });

  it('follows a zone that flickers away from one that is steady', () => {
    const steady = longRunShare(zoneChain(FIT, FINE, counted(FINE, '1'.repeat(900))));
    const scarce = longRunShare(zoneChain(FIT, FINE, counted(FINE, `1${'0'.repeat(299)}`.repeat(3))));
    expect(steady).toBeGreaterThan(0.9);
    expect(scarce).toBeLessThan(0.5);
  });
});
