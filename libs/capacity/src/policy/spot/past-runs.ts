import { binOf, nextRun, runState, type AgeBins, type SpotRun } from './run-age.js';

/**
 * Bins of the length of the last run of capacity: a run lives longer where the one before it did, since capacity comes
 * in spells of flickering and of calm.
 */
export const PAST_RUN_BINS: AgeBins = [1, 4, 10];

/** No past: every run is told by its age only. */
export const NO_PAST: AgeBins = [1];

/** State of a run by age and by the last run of capacity; before one has been seen to end, a middling one is taken. */
export function pastRunState(bins: AgeBins, pastBins: AgeBins, run: SpotRun): number {
  const past = run.lastOnTicks === undefined ? Math.floor(pastBins.length / 2) : binOf(pastBins, run.lastOnTicks);
  return past * 2 * bins.length + runState(bins, run);
}

/** How often runs in a state of `pastRunState` were seen to have a next tick, and to end with it. */
export interface SeenEnds {
  readonly seen: Float64Array;
  readonly ended: Float64Array;
}

/** Counts over sequences, from the first run of capacity on that was seen to end. */
export function countEnds(bins: AgeBins, pastBins: AgeBins, sequences: readonly Uint8Array[]): SeenEnds {
  const states = pastBins.length * 2 * bins.length;
  const seen = new Float64Array(states);
  const ended = new Float64Array(states);
  for (const sequence of sequences) {
    let run: SpotRun | undefined;
    for (const tick of sequence) {
      const next = nextRun(run, tick === 1);
      if (run?.lastOnTicks !== undefined) {
        const state = pastRunState(bins, pastBins, run);
        seen[state] = (seen[state] ?? 0) + 1;
        if (next.on !== run.on) ended[state] = (ended[state] ?? 0) + 1;
      }
      run = next;
    }
  }
  return { seen, ended };
}
