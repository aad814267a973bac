import type { Instant } from '@millrace/kernel';
import type { OrderingPolicy, QueuedTask } from '../ordering/ordering-policy.js';
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
/** Share of the tasks that may end after their p90. */
const LATE_SHARE = 0.1;
/** How fast the width follows: one that is late widens the next ranges by 4.6 %, one within narrows them by 0.5 %. */
const WIDTH_STEP = 0.05;
/** The width stays between half of what the outcomes say and four times that. */
const LOG_WIDTH_MIN = -Math.LN2;
const LOG_WIDTH_MAX = 2 * Math.LN2;
/**
 * From p50 to p90 is a tenth of p50 at least, before the width: also who is old is overtaken, by older ones and higher
 * classes, and a range of nothing would be as narrow however wide the width gets.
 */
const RANGE_SHARE_MIN = 0.1;
const SECOND_MS = 1_000;

/**
 * How far off earlier estimates were, as finished ÷ estimated: it holds what no sum of predictions knows (arrivals that
 * overtake, models to load, workers that come and go). Of the last 200 outcomes.
 */
export class EstimateRecord {
  private readonly ratios = new RunWindow();
  private logWidth = 0;

  outcome(estimatedSeconds: number, tookSeconds: number): void {
    if (estimatedSeconds > 0) this.ratios.add(tookSeconds / estimatedSeconds);
  }

  /** What to multiply a plain estimate by so that a share `q` of the tasks is done by then; undefined: too few outcomes. */
  factor(q: number): number | undefined {
    return this.ratios.size < OUTCOMES_MIN ? undefined : this.ratios.quantile(q);
  }

  /**
   * A task turned out late, or within its p90. Keeps the share that is late at one in ten in the long run, however the
   * queue changes, as long as the width is inside its bounds (adaptive conformal inference, Gibbs and Candès, NeurIPS '21).
   */
  verdict(late: boolean): void {
    const moved = this.logWidth + WIDTH_STEP * ((late ? 1 : 0) - LATE_SHARE);
    this.logWidth = Math.min(LOG_WIDTH_MAX, Math.max(LOG_WIDTH_MIN, moved));
  }

  /** What to multiply the distance from p50 to p90 by, but for the time until a task is old. */
  get width(): number {
    return Math.exp(this.logWidth);
  }
}

/** What the estimates of a queue rest on besides the predictions of its tasks. */
export interface QueueState {
  /** Predicted GPU-seconds that are left of what runs now. */
  readonly runningGpuSeconds: number;
  /** GPUs that serve the queue. */
  readonly gpus: number;
  readonly record: EstimateRecord;
  /** By which a task that has waited for long goes first (QUE-13), and the time that ages are counted to. */
  readonly ordering: OrderingPolicy;
  readonly now: Instant;
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
  { runningGpuSeconds, gpus, record, ordering, now }: QueueState,
): Generator<TaskEstimate<T>> {
  const [middle, late] = [record.factor(0.5) ?? 1, record.factor(0.9)];
  let ahead = runningGpuSeconds;
  let variance = 0;
  let position = 0;
  for (let task = order.next(); task !== undefined; task = order.next()) {
    order.take();
    position += 1;
    const own = predictionOf(task);
    const ownDeviation = (own.p90GpuSeconds - own.p50GpuSeconds) / P90_DEVIATIONS;
    const plainSeconds = ahead / gpus + own.p50GpuSeconds;
    const spread = P90_DEVIATIONS * Math.sqrt(variance / gpus ** 2 + ownDeviation ** 2);
    const p50Seconds = plainSeconds * middle;
    const lateSeconds = late === undefined ? plainSeconds + spread : plainSeconds * late;
    const leastRange = Math.max(spread, RANGE_SHARE_MIN * p50Seconds);
    const range = Math.max(leastRange, lateSeconds - p50Seconds) * record.width;
    // Whoever overtakes it does so until it is old: that time is a rule's, and no record makes it longer.
    const oldRange = Math.max(0, secondsUntilOld(task, ordering, now)) + leastRange * record.width;
    const p90Seconds = p50Seconds + Math.min(range, oldRange);
    yield { task, position, gpuSecondsAhead: ahead, p50Seconds, p90Seconds, plainSeconds };
    ahead += own.p50GpuSeconds;
    variance += ownDeviation ** 2;
  }
}

/** Until it goes before the shorter ones of its class, seconds; below 0 where it does. */
function secondsUntilOld({ priority, requestedAt }: QueuedTask, ordering: OrderingPolicy, now: Instant): number {
  const { maxWaitMs } = ordering.classes.get(priority) ?? ordering.otherwise;
  return (maxWaitMs - (now - requestedAt)) / SECOND_MS;
}
