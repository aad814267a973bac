import type { DurationMs } from '@millrace/kernel';

/** Bounds on preemption (QUE-11), so that it neither floods a cycle nor turns in circles. */
export interface PreemptionPolicy {
  /** Tasks that are told to stop in one cycle. */
  readonly maxVictimsPerCycle: number;
  /** A task is not stopped before it has run for so long: what it costs to start must pay. */
  readonly minRunMs: DurationMs;
  /** A task that was preempted so often is left alone from then on. */
  readonly maxPreemptionsPerTask: number;
  /** Nobody is stopped for a task that has waited less: something may end by itself. */
  readonly minWaitMs: DurationMs;
}

export const DEFAULT_PREEMPTION: PreemptionPolicy = {
  maxVictimsPerCycle: 16,
  minRunMs: 60_000,
  maxPreemptionsPerTask: 3,
  minWaitMs: 10_000,
};
