import { invariant } from '@millrace/kernel';
import { countTransitions, RUN_AGE_BINS, type AgeBins } from './run-age.js';

/** How runs of one kind (Spot capacity there, or not there) end and grow, by age bin. */
export interface RunFigures {
  /** Chance that a run ends with the next tick. */
  readonly endChance: readonly number[];
  /** Chance that a run which goes on is in the next bin after the next tick. 0 in the last bin. */
  readonly growChance: readonly number[];
}

/**
 * What is known of Spot capacity before a zone's own past: figures of other environments, and how far a new one may lie
 * from them.
 */
export interface SpotFit {
  readonly tickSeconds: number;
  /** First age of each bin, in ticks, rising from 1. */
  readonly ageBins: AgeBins;
  readonly on: RunFigures;
  readonly off: RunFigures;
  /**
   * Environments end their runs of capacity at a multiple of the figures' rate; its logarithm has this standard
   * deviation.
   */
  readonly endRateSpread: number;
  /** After this many ticks of capacity, evidence on the multiple weighs half. */
  readonly evidenceHalfLifeTicks: number;
}

/** Windows of one environment; a tick is 1 where capacity is there. */
export type SpotSequences = readonly Uint8Array[];

/**
 * The spread and half-life under which past ticks foretell the next best when one environment is left out. Both
 * optima are flat: half or twice the figure costs less than 1 % of likelihood (docs/benchmarks/scheduling.md).
 */
const END_RATE_SPREAD = 0.7;
const EVIDENCE_HALF_LIFE_TICKS = 144;

/**
 * Fits figures to environments. Each environment weighs the same, however long its runs are: a new one is as likely to
 * be like any of them, and pooled ticks would speak for the most stable.
 */
export function fitSpot(environments: readonly SpotSequences[], tickSeconds: number, bins = RUN_AGE_BINS): SpotFit {
  invariant(environments.length > 0, 'a Spot fit needs an environment at least');
  const counts = environments.map((sequences) => countTransitions(bins, sequences));
  return {
    tickSeconds,
    ageBins: bins,
    on: figuresOf(bins, counts, bins.length),
    off: figuresOf(bins, counts, 0),
    endRateSpread: END_RATE_SPREAD,
    evidenceHalfLifeTicks: EVIDENCE_HALF_LIFE_TICKS,
  };
}

/** Figures of the states from `first`, the off states or the on states of the counts. */
function figuresOf(bins: AgeBins, counts: readonly Float64Array[], first: number): RunFigures {
  const states = 2 * bins.length;
  const other = first === 0 ? bins.length : 0;
  const cell = (from: Float64Array, bin: number, to: number): number => from[(first + bin) * states + to] ?? 0;
  const endChance = bins.map((_, bin) => {
    const chances = counts.map((from) => {
      const ended = cell(from, bin, other);
      const went = cell(from, bin, first + bin) + (bin + 1 < bins.length ? cell(from, bin, first + bin + 1) : 0);
      // A fifth of an end in one tick stands for an environment that has hardly seen such a run.
      return (ended + 0.2) / (ended + went + 1);
    });
    return chances.reduce((sum, chance) => sum + chance, 0) / chances.length;
  });
  const growChance = bins.map((_, bin) => {
    if (bin + 1 === bins.length) return 0;
    const grown = counts.reduce((sum, from) => sum + cell(from, bin, first + bin + 1), 0);
    const stayed = counts.reduce((sum, from) => sum + cell(from, bin, first + bin), 0);
    // Never seen: the run leaves the bin after as many ticks as the bin spans.
    return grown + stayed > 0 ? grown / (grown + stayed) : 1 / ((bins[bin + 1] ?? 1) - (bins[bin] ?? 0));
  });
  return { endChance, growChance };
}
