import type { QueuedTask } from '../ordering/ordering-policy.js';
import type { ServiceOrder } from '../ordering/service-order.js';
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

/** What the estimates of a queue rest on besides the predictions of its tasks. */
export interface QueueState {
  /** Predicted GPU-seconds that are left of what runs now. */
  readonly runningGpuSeconds: number;
  /** GPUs that serve the queue. */
  readonly gpus: number;
  readonly record: EstimateRecord;
}

export interface TaskEstimate<T> extends QueueEstimate {
  readonly task: T;
  /** The estimate without the record's correction: what {@link EstimateRecord.outcome} is told with the outcome. */
  readonly plainSeconds: number;
}

/**
 * Walks an order of service to its end, and tells of each task what is ahead of it. Takes the tasks out: give it an order
 * that was built for this, of what waits and the fair shares as they are, after `begin`.
 */
export function* estimateQueue<T extends QueuedTask>(
  order: ServiceOrder<T>,
  predictionOf: (task: T) => Prediction,
  { runningGpuSeconds, gpus, record }: QueueState,
): Generator<TaskEstimate<T>> {
  let ahead = runningGpuSeconds;
  let variance = 0;
  let position = 0;
  for (let task = order.next(); task !== undefined; task = order.next()) {
    order.take();
    position += 1;
    const own = predictionOf(task);
    const ownDeviation = (own.p90GpuSeconds - own.p50GpuSeconds) / P90_DEVIATIONS;
    const plainSeconds = ahead / gpus + own.p50GpuSeconds;
    const late = record.factor(0.9);
    const spread = P90_DEVIATIONS * Math.sqrt(variance / gpus ** 2 + ownDeviation ** 2);
    const p50Seconds = plainSeconds * (record.factor(0.5) ?? 1);
    const p90Seconds = Math.max(p50Seconds, late === undefined ? plainSeconds + spread : plainSeconds * late);
    yield { task, position, gpuSecondsAhead: ahead, p50Seconds, p90Seconds, plainSeconds };
    ahead += own.p50GpuSeconds;
    variance += ownDeviation ** 2;
  }
}
