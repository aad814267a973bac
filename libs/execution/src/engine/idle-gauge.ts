import type { DurationMs } from '@millrace/kernel';

/** What a worker did lately is what it did in the last so many ms. */
const WINDOW_MS: DurationMs = 600_000;
/** A shorter past says nothing. */
const SHORTEST_MS: DurationMs = 60_000;
/** Figures are told in steps, so that a heartbeat seldom brings a new one. */
const STEP_PERCENT = 5;
/** Samples kept at most; a sample more drops the oldest. */
const SAMPLES_MAX = 256;

interface Sample {
  readonly atMs: DurationMs;
  readonly occupiedMs: number;
}

/** The share of the last ten minutes in which a worker's GPUs ran nothing (SCH-48), from samples of the time that they
 * were occupied: what runs beside another task on a GPU occupies it once. */
export class IdleGauge {
  private readonly samples: Sample[] = [];

  constructor(private readonly gpus: number) {}

  /** Adds a sample: ms in which GPUs ran something since the start, summed over the GPUs, at an instant that never goes back. 0-100 in steps of 5, once known. */
  sample(atMs: DurationMs, occupiedMs: number): number | undefined {
    this.samples.push({ atMs, occupiedMs });
    while (this.samples.length > SAMPLES_MAX || this.isPast(this.samples[1], atMs)) this.samples.shift();
    const oldest = this.samples[0];
    if (oldest === undefined || atMs - oldest.atMs < SHORTEST_MS) return undefined;
    const busy = (occupiedMs - oldest.occupiedMs) / (this.gpus * (atMs - oldest.atMs));
    const idlePercent = 100 * Math.min(1, Math.max(0, 1 - busy));
    return STEP_PERCENT * Math.floor(idlePercent / STEP_PERCENT);
  }

  /** The second oldest covers the window: the oldest is not needed. */
  private isPast(second: Sample | undefined, atMs: DurationMs): boolean {
    return second !== undefined && atMs - second.atMs >= WINDOW_MS;
  }
}
