import { spotChain, type SpotChain } from '../spot/spot-chain.js';
import type { RegimeWatch } from './spot-regimes.js';

/** Rarer steps are left out of a programme: they cost time and move no decision. */
const LEAST_CHANCE = 0.002;

const LONG_RUN_STEPS = 500;

/** The chain of a zone's regimes as it is believed by now, without its rarest steps. */
export function regimeChain(watch: RegimeWatch): SpotChain {
  const rows = Array.from({ length: watch.states }, (_, from) => {
    const row = new Map<number, number>();
    let total = 0;
    for (let to = 0; to < watch.states; to++) {
      const chance = watch.chance(from, to);
      if (chance <= LEAST_CHANCE) continue;
      row.set(to, chance);
      total += chance;
    }
    for (const [to, chance] of row) row.set(to, chance / total);
    return row;
  });
  return spotChain(
    rows.map((_, state) => (state >= watch.offStates ? 1 : 0)),
    rows,
  );
}

/** Share of time with capacity in the long run, by repeated steps of the chain. */
export function longRunShare(chain: SpotChain): number {
  let shares = new Float64Array(chain.on.length).fill(1 / chain.on.length);
  for (let step = 0; step < LONG_RUN_STEPS; step++) {
    const next = new Float64Array(shares.length);
    shares.forEach((share, state) => {
      for (let entry = chain.from[state] ?? 0; entry < (chain.from[state + 1] ?? 0); entry++) {
        const to = chain.to[entry] ?? 0;
        next[to] = (next[to] ?? 0) + share * (chain.chance[entry] ?? 0);
      }
    });
    shares = next;
  }
  return shares.reduce((sum, share, state) => sum + share * (chain.on[state] ?? 0), 0);
}
