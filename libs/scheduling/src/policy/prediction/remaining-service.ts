/** A run that has ended after so many seconds, or is still going (or preempted) after so many. */
export interface RunLength {
  readonly seconds: number;
  readonly ended: boolean;
}

/** Lengths are told apart by this factor, from a second to a year. */
const BIN_FACTOR = 1.3;
const BINS = 66;
const LOG_FACTOR = Math.log(BIN_FACTOR);
/** A share of runs below this no longer moves the rank. */
const SURVIVORS_MIN = 1e-3;

/** Lower edge of a bin, seconds; the first begins at 0. */
const EDGES = Float64Array.from({ length: BINS + 1 }, (_, bin) => (bin === 0 ? 0 : BIN_FACTOR ** bin));

export function binOf(seconds: number): number {
  if (seconds < BIN_FACTOR) return 0;
  return Math.min(BINS - 1, Math.floor(Math.log(seconds) / LOG_FACTOR + 1e-9));
}

/**
 * How many runs ended in each bin of length, and how many were seen to last into it: what is known of lengths from runs
 * that have ended and runs that haven't (Kaplan and Meier, 1958).
 */
export class LengthTable {
  private readonly ended = new Float64Array(BINS);
  private readonly going = new Float64Array(BINS);
  private readonly atRisk = new Float64Array(BINS);

  /** Forgets everything; the table is used again and again without allocation. */
  clear(): void {
    this.ended.fill(0);
    this.going.fill(0);
  }

  add({ seconds, ended }: RunLength, weight = 1): void {
    const bin = binOf(seconds);
    const bins = ended ? this.ended : this.going;
    bins[bin] = (bins[bin] ?? 0) + weight;
  }

  /** Adds another table's ended runs, `weight` in all. */
  addShare(other: LengthTable, weight: number): void {
    const all = other.ended.reduce((sum, count) => sum + count, 0);
    if (all === 0) return;
    for (let bin = 0; bin < BINS; bin++) {
      this.ended[bin] = (this.ended[bin] ?? 0) + ((other.ended[bin] ?? 0) / all) * weight;
    }
  }

  /**
   * Seconds of service that one completion is expected to cost from here on, at the best moment to stop: the inverse of
   * Gittins' index (1979), which gives the least mean completion time on one machine when lengths are known only by
   * their distribution. Short for a fresh task where most are short; long for one that has outlived them.
   */
  rankAt(attainedSeconds: number): number {
    this.countAtRisk();
    const first = binOf(attainedSeconds);
    let surviving = 1;
    let work = 0;
    let completed = 0;
    let best = Infinity;
    for (let bin = first; bin < BINS && surviving >= SURVIVORS_MIN; bin++) {
      const atRisk = this.atRisk[bin] ?? 0;
      const ending = atRisk > 0 ? (surviving * (this.ended[bin] ?? 0)) / atRisk : 0;
      const length = (EDGES[bin + 1] ?? 0) - (EDGES[bin] ?? 0);
      surviving -= ending;
      completed += ending;
      work += (surviving + ending / 2) * length;
      if (completed > 0) best = Math.min(best, work / completed);
    }
    // Nothing as long has ever ended: after all that are known of, the one that has had least first.
    return best === Infinity ? (EDGES[BINS] ?? 0) + attainedSeconds : best;
  }

  private countAtRisk(): void {
    let ended = 0;
    let going = 0;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      const here = this.going[bin] ?? 0;
      ended += this.ended[bin] ?? 0;
      going += here;
      // A run that is still going somewhere in the bin has been seen through half of it.
      this.atRisk[bin] = ended + going - here / 2;
    }
  }
}
