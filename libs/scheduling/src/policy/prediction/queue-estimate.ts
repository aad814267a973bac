import type { Prediction } from './gpu-seconds-history.js';
import { RunWindow } from './run-window.js';

/** What a client is told of a task that waits. Approximate: tasks that come later may be served before it. */
export interface QueueEstimate {
  /** 1: it is next. */
  readonly position: number;
  /** Predicted GPU-seconds that are served before it: what runs has left, and what waits ahead. */
  readonly gpuSecondsAhead: number;
  /** Until it has finished: half of the tasks are done by then, and nine of ten. */
  readonly p50Seconds: number;
  readonly p90Seconds: number;
}

/** p90 of a normal distribution, in standard deviations. */
const P90_DEVIATIONS = 1.2816;
/** Outcomes before the estimate trusts its own record. */
const OUTCOMES_MIN = 20;

/**
 * How far off earlier estimates were, as finished ÷ estimated: it holds what no sum of predictions knows (arrivals that
 * overtake, models to load, workers that come and go). Of the last 200 outcomes.
 */
export class EstimateRecord {
  private readonly ratios = new RunWindow();

  outcome(estimatedSeconds: number, tookSeconds: number): void {
    if (estimatedSeconds > 0) this.ratios.add(tookSeconds / estimatedSeconds);
  }

  /** What to multiply a plain estimate by so that a share `q` of the tasks is done by then; undefined: too few outcomes. */
  factor(q: number): number | undefined {
    return this.ratios.size < OUTCOMES_MIN ? undefined : this.ratios.quantile(q);
  }
}

/** Walks the tasks in order of service, with the GPU-seconds ahead of each. */
export class QueueWalk {
  private position = 0;
  private ahead: number;
  private variance = 0;

  /** `runningGpuSeconds`: what is left of what runs now. `gpus` serve the queue. */
  constructor(
    runningGpuSeconds: number,
    private readonly gpus: number,
    private readonly record: EstimateRecord,
  ) {
    this.ahead = runningGpuSeconds;
  }

  /** The next task in order: its estimate. `plainSeconds` is what the record is to be told with the outcome. */
  next(own: Prediction): QueueEstimate & { readonly plainSeconds: number } {
    this.position += 1;
    const gpuSecondsAhead = this.ahead;
    const plainSeconds = gpuSecondsAhead / this.gpus + own.p50GpuSeconds;
    const ownDeviation = deviationOf(own);
    const deviation = Math.sqrt(this.variance / this.gpus ** 2 + ownDeviation ** 2);
    this.ahead += own.p50GpuSeconds;
    this.variance += ownDeviation ** 2;
    const p50Seconds = plainSeconds * (this.record.factor(0.5) ?? 1);
    const late = this.record.factor(0.9);
    const p90Seconds = late === undefined ? plainSeconds + P90_DEVIATIONS * deviation : plainSeconds * late;
    return { position: this.position, gpuSecondsAhead, p50Seconds, p90Seconds: Math.max(p50Seconds, p90Seconds), plainSeconds };
  }
}

function deviationOf({ p50GpuSeconds, p90GpuSeconds }: Prediction): number {
  return (p90GpuSeconds - p50GpuSeconds) / P90_DEVIATIONS;
}
