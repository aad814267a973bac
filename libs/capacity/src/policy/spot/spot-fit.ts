import { invariant } from '@millrace/kernel';
import { countEnds, NO_PAST, PAST_RUN_BINS, type SeenEnds } from './past-runs.js';
import { countTransitions, RUN_AGE_BINS, type AgeBins } from './run-age.js';

/** How runs of one kind (Spot capacity there, or not there) end and grow, by age bin. */
export interface RunFigures {
  /** Chance that a run ends with the next tick. */
  readonly endChance: readonly number[];
  /** Chance that a run which goes on is in the next bin after the next tick. 0 in the last bin. */
  readonly growChance: readonly number[];
  /** `endChance` by the bin of the last run of capacity, one row for each of the fit's `pastRunBins`. */
  readonly endChanceAfter?: readonly (readonly number[])[];
}

/**
 * What is known of Spot capacity before a zone's own past: figures of other environments, and how far a new one may lie
 * from them.
 */
export interface SpotFit {
  readonly tickSeconds: number;
  /** First age of each bin, in ticks, rising from 1. */
  readonly ageBins: AgeBins;
  /** First length of each bin of the last run of capacity. Absent where runs are told by their age only. */
  readonly pastRunBins?: AgeBins;
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
 * The spread and half-life under which past ticks foretell the next well when one environment is left out. Both optima
 * are flat: half or twice a figure costs about 1 % of the likelihood of the ends of runs, and 0.2 % of a job's cost. A
 * spread that is too wide takes a few hours for the whole job: it costs most where slack is long.
 */
const END_RATE_SPREAD = 0.5;
const EVIDENCE_HALF_LIFE_TICKS = 144;

/** An environment's figure by age weighs as much as this many ticks of its figure by age and past. */
const AGE_WEIGHT_TICKS = 100;

/**
 * Fits figures to environments. Each environment weighs the same, however long its runs are: a new one is as likely to
 * be like any of them, and pooled ticks would speak for the most stable.
 */
export function fitSpot(
  environments: readonly SpotSequences[],
  tickSeconds: number,
  bins: AgeBins = RUN_AGE_BINS,
  pastBins: AgeBins = PAST_RUN_BINS,
): SpotFit {
  invariant(environments.length > 0, 'a Spot fit needs an environment at least');
  const counts = environments.map((sequences) => countTransitions(bins, sequences));
  const ends = environments.map((sequences) => countEnds(bins, pastBins, sequences));
  return {
    tickSeconds,
    ageBins: bins,
    pastRunBins: pastBins,
    on: figuresOf(bins, counts, ends, bins.length),
    off: figuresOf(bins, counts, ends, 0),
    endRateSpread: END_RATE_SPREAD,
    evidenceHalfLifeTicks: EVIDENCE_HALF_LIFE_TICKS,
  };
}

/** Figures of the states from `first`, the off states or the on states of the counts. */
function figuresOf(
  bins: AgeBins,
  counts: readonly Float64Array[],
  ends: readonly SeenEnds[],
  first: number,
): RunFigures {
  const byAge = counts.map((from) => endChances(bins, from, first));
  const pasts = (ends[0]?.seen.length ?? 0) / (2 * bins.length);
  return {
    endChance: bins.map((_, bin) => mean(byAge.map((chances) => chances[bin] ?? 0))),
    growChance: growChances(bins, counts, first),
    endChanceAfter: Array.from({ length: pasts }, (_, past) =>
      bins.map((__, bin) => {
        const state = past * 2 * bins.length + first + bin;
        return mean(
          ends.map(({ seen, ended }, environment) => {
            const prior = AGE_WEIGHT_TICKS * (byAge[environment]?.[bin] ?? 0);
            return ((ended[state] ?? 0) + prior) / ((seen[state] ?? 0) + AGE_WEIGHT_TICKS);
          }),
        );
      }),
    ),
  };
}

/** One environment's chances that a run ends, by age bin. */
function endChances(bins: AgeBins, from: Float64Array, first: number): readonly number[] {
  const other = first === 0 ? bins.length : 0;
  return bins.map((_, bin) => {
    const ended = countOf(bins, from, first + bin, other);
    const went = countOf(bins, from, first + bin, first + bin) + grownOf(bins, from, first, bin);
    // A fifth of an end in one tick stands for an environment that has hardly seen such a run.
    return (ended + 0.2) / (ended + went + 1);
  });
}

function growChances(bins: AgeBins, counts: readonly Float64Array[], first: number): readonly number[] {
  return bins.map((start, bin) => {
    if (bin + 1 === bins.length) return 0;
    const grown = counts.reduce((sum, from) => sum + grownOf(bins, from, first, bin), 0);
    const stayed = counts.reduce((sum, from) => sum + countOf(bins, from, first + bin, first + bin), 0);
    // Never seen: the run leaves the bin after as many ticks as the bin spans.
    return grown + stayed > 0 ? grown / (grown + stayed) : 1 / ((bins[bin + 1] ?? 1) - start);
  });
}

function grownOf(bins: AgeBins, from: Float64Array, first: number, bin: number): number {
  return bin + 1 < bins.length ? countOf(bins, from, first + bin, first + bin + 1) : 0;
}

function countOf(bins: AgeBins, from: Float64Array, state: number, to: number): number {
  return from[state * 2 * bins.length + to] ?? 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Chances that a run ends, by age bin, after a last run of capacity in bin `past`. */
export function endChancesAfter(figures: RunFigures, past: number): readonly number[] {
  return figures.endChanceAfter?.[past] ?? figures.endChance;
}

/** The bins of the last run of capacity, one where the fit tells runs by their age only. */
export function pastBinsOf(fit: SpotFit): AgeBins {
  return fit.pastRunBins ?? NO_PAST;
}
