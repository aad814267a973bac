/** Runs of one key that a prediction looks at: the last 200 (scheduling.md section 1). */
export const RUNS_KEPT = 200;

/** The last {@link RUNS_KEPT} figures, with their quantiles. */
export class RunWindow {
  private readonly recent: number[] = [];
  private oldest = 0;
  private readonly sorted: number[] = [];

  get size(): number {
    return this.sorted.length;
  }

  add(value: number): void {
    const leaving = this.recent[this.oldest];
    if (this.recent.length < RUNS_KEPT) this.recent.push(value);
    else {
      this.recent[this.oldest] = value;
      this.oldest = (this.oldest + 1) % RUNS_KEPT;
      if (leaving !== undefined) this.sorted.splice(firstNotBelow(this.sorted, leaving), 1);
    }
    this.sorted.splice(firstNotBelow(this.sorted, value), 0, value);
  }

  /** The value that a share `q` of the runs does not exceed (nearest rank); undefined without runs. */
  quantile(q: number): number | undefined {
    return this.sorted[Math.max(0, Math.ceil(q * this.sorted.length) - 1)];
  }
}

function firstNotBelow(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
