import { spotChain, type SpotChain } from './spot-chain.js';

/**
 * Bins of a run's age in ticks, by their first ages: {1, 2–3, 4–9, 10–24, 25+} is `[1, 2, 4, 10, 25]`. A run is a
 * stretch of ticks in which capacity is there, or is not.
 */
export type AgeBins = readonly number[];

/** The bins of scheduling.md section 1. */
export const RUN_AGE_BINS: AgeBins = [1, 2, 4, 10, 25];

/** What a policy remembers of the past: whether capacity is there, and since how many ticks of its own watching. */
export interface SpotRun {
  readonly on: boolean;
  readonly ageTicks: number;
  /** Length of the last run of capacity that has been seen to end. */
  readonly lastOnTicks?: number;
}

/** The run after one more tick has been seen. */
export function nextRun(run: SpotRun | undefined, on: boolean): SpotRun {
  if (run === undefined) return { on, ageTicks: 1 };
  if (run.on === on) return { ...run, ageTicks: run.ageTicks + 1 };
  return run.on ? { on, ageTicks: 1, lastOnTicks: run.ageTicks } : { ...run, on, ageTicks: 1 };
}

/** The bin of an age or length in ticks. */
export function binOf(bins: AgeBins, ticks: number): number {
  let bin = 0;
  while (bin + 1 < bins.length && (bins[bin + 1] ?? Infinity) <= ticks) bin++;
  return bin;
}

/** State of a run in a chain of `bins`: off states first, then on states, each by age. */
export function runState(bins: AgeBins, run: SpotRun): number {
  return (run.on ? bins.length : 0) + binOf(bins, run.ageTicks);
}

/** Counts of state to state over sequences of availability: a square matrix by rows. */
export function countTransitions(bins: AgeBins, sequences: readonly Uint8Array[]): Float64Array {
  const states = 2 * bins.length;
  const counts = new Float64Array(states * states);
  for (const sequence of sequences) {
    let run: SpotRun | undefined;
    for (const tick of sequence) {
      const next = nextRun(run, tick === 1);
      if (run !== undefined) {
        const cell = runState(bins, run) * states + runState(bins, next);
        counts[cell] = (counts[cell] ?? 0) + 1;
      }
      run = next;
    }
  }
  return counts;
}

/**
 * The chain of a zone by its own counts, shrunk to those of a pool of zones: the pool's row weighs as much as
 * `poolWeight` observations of the zone. A row that neither has seen stays where it is.
 */
export function semiMarkovChain(
  bins: AgeBins,
  pool: Float64Array,
  zone: Float64Array = new Float64Array(pool.length),
  poolWeight = 50,
): SpotChain {
  const states = 2 * bins.length;
  const rows = Array.from({ length: states }, (_, state) => {
    const poolRow = pool.subarray(state * states, (state + 1) * states);
    const zoneRow = zone.subarray(state * states, (state + 1) * states);
    return shrunkRow(poolRow, zoneRow, poolWeight) ?? new Map([[state, 1]]);
  });
  return spotChain(
    rows.map((_, state) => (state >= bins.length ? 1 : 0)),
    rows,
  );
}

function shrunkRow(pool: Float64Array, zone: Float64Array, poolWeight: number): Map<number, number> | undefined {
  const poolTotal = pool.reduce((sum, count) => sum + count, 0);
  const weight = poolTotal > 0 ? poolWeight / poolTotal : 0;
  const row = pool.map((count, next) => count * weight + (zone[next] ?? 0));
  const total = row.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const chances = new Map<number, number>();
  row.forEach((count, next) => {
    if (count > 0) chances.set(next, count / total);
  });
  return chances;
}
