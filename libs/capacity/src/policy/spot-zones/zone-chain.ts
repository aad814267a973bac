import type { SpotRun } from '../spot/run-age.js';
import { spotChain, type SpotChain } from '../spot/spot-chain.js';
import type { RunFigures, SpotFit } from '../spot/spot-fit.js';

/** First ages of the bins that a programme tells apart, in ticks; each is one of the fit's. */
export interface ZoneBins {
  readonly on: readonly number[];
  readonly off: readonly number[];
}

/** So many ticks of a zone's own weigh as much as the fit, in each state. The optimum is flat: 10 to 40 do as well. */
const FIT_WEIGHT_TICKS = 20;

/** How often the runs of one zone have ended, grown into the next bin and stayed: three counts a state. */
export type ZoneCounts = Float64Array;

/** Below any chance that a record of a few weeks can show. */
const LEAST_CHANCE = 1e-6;

const LONG_RUN_STEPS = 500;

const ENDED = 0;
const GREW = 1;
const STAYED = 2;
const KINDS = 3;

export function noZoneCounts(bins: ZoneBins): ZoneCounts {
  return new Float64Array(KINDS * (bins.on.length + bins.off.length));
}

/** State of a run: off states first, then on states, each by age. */
export function zoneState(bins: ZoneBins, run: SpotRun): number {
  const ages = run.on ? bins.on : bins.off;
  let bin = 0;
  while (bin + 1 < ages.length && (ages[bin + 1] ?? Infinity) <= run.ageTicks) bin++;
  return (run.on ? bins.off.length : 0) + bin;
}

/** Counts one tick in which `run` became `next`. Changes `counts`. */
export function countTick(bins: ZoneBins, counts: ZoneCounts, run: SpotRun, next: SpotRun): void {
  const state = zoneState(bins, run);
  const kind = run.on !== next.on ? ENDED : zoneState(bins, next) !== state ? GREW : STAYED;
  const cell = KINDS * state + kind;
  counts[cell] = (counts[cell] ?? 0) + 1;
}

/**
 * The chain of a zone: the fit's chances, moved by what the zone itself has shown. In each state the fit counts as
 * `FIT_WEIGHT_TICKS` observations (the mean of a Dirichlet posterior).
 */
export function zoneChain(fit: SpotFit, bins: ZoneBins, counts: ZoneCounts): SpotChain {
  const offs = bins.off.length;
  const prior = [...coarse(fit.off, fit.ageBins, bins.off), ...coarse(fit.on, fit.ageBins, bins.on)];
  const rows = prior.map((chances, state) => {
    const on = state >= offs;
    const seen = (kind: number): number => counts[KINDS * state + kind] ?? 0;
    const total = FIT_WEIGHT_TICKS + seen(ENDED) + seen(GREW) + seen(STAYED);
    const chance = (kind: number): number => (FIT_WEIGHT_TICKS * (chances[kind] ?? 0) + seen(kind)) / total;
    const row = new Map([
      [on ? 0 : offs, chance(ENDED)],
      [state, chance(STAYED)],
    ]);
    if (chance(GREW) > 0) row.set(state + 1, chance(GREW));
    return row;
  });
  return spotChain(
    rows.map((_, state) => (state >= offs ? 1 : 0)),
    rows,
  );
}

/** Chances to end, to grow and to stay in each of the coarser bins, weighed by the ticks that runs spend in the finer. */
function coarse(figures: RunFigures, ages: readonly number[], bins: readonly number[]): readonly (readonly number[])[] {
  const sums = bins.map(() => [0, 0, 0, 0]);
  let reached = 1;
  ages.forEach((age, fine) => {
    const ends = figures.endChance[fine] ?? 1;
    const grows = (1 - ends) * (figures.growChance[fine] ?? 0);
    // A run that neither ends nor grows has been seen for no more than this many ticks.
    const ticks = reached / Math.max(ends + grows, LEAST_CHANCE);
    const bin = bins.findLastIndex((first) => first <= age);
    const sum = sums[bin];
    if (sum === undefined) return;
    const leaves = bins.includes(ages[fine + 1] ?? Infinity);
    sum[ENDED] = (sum[ENDED] ?? 0) + ticks * ends;
    sum[GREW] = (sum[GREW] ?? 0) + (leaves ? ticks * grows : 0);
    sum[KINDS] = (sum[KINDS] ?? 0) + ticks;
    // An age that no run of the fit has reached keeps a weight, so that a bin of such ages has chances too.
    reached = Math.max(ticks * grows, LEAST_CHANCE);
  });
  return sums.map(([ended = 0, grew = 0, , ticks = 0]) => [ended / ticks, grew / ticks, 1 - (ended + grew) / ticks]);
}

/** Share of time in each state in the long run, by repeated steps of the chain. */
function longRunShares(chain: SpotChain): Float64Array {
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
  return shares;
}

/** Share of time with capacity in the long run. */
export function longRunShare(chain: SpotChain): number {
  return longRunShares(chain).reduce((sum, share, state) => sum + share * (chain.on[state] ?? 0), 0);
}

/**
 * A run that was there when the watch began: its age is not known, and is taken to be the one in which runs of its kind
 * spend the most time. To call it new would be to expect its end too soon.
 */
export function runFoundAt(fit: SpotFit, bins: ZoneBins, on: boolean): SpotRun {
  const shares = longRunShares(zoneChain(fit, bins, noZoneCounts(bins)));
  const ages = on ? bins.on : bins.off;
  const first = on ? bins.off.length : 0;
  const best = ages.reduce(
    (most, _, bin) => ((shares[first + bin] ?? 0) > (shares[first + most] ?? 0) ? bin : most),
    0,
  );
  return { on, ageTicks: ages[best] ?? 1 };
}
