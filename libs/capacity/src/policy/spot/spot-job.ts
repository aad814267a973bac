import { guarded } from './deadline-guard.js';
import type { DeadlineJob, JobStand } from './deadline-job.js';

/** A job on Spot capacity of one zone, at prices that stay what they are (scheduling.md sections 1 and 2, cell U). */
export interface SpotJob extends DeadlineJob {
  readonly onDemandPricePerHour: number;
  readonly spotPricePerHour: number;
}

/** What runs the job: nothing, a Spot instance, or an on-demand one. */
export type SpotMode = 'idle' | 'spot' | 'onDemand';

/** The state of a job at the start of a tick, with what is known by then. */
export interface SpotView extends JobStand<SpotMode> {
  /** Whether Spot capacity can be had, or kept, in this tick. */
  readonly spotAvailable: boolean;
}

/** `choice` under the deadline guard. */
export function guardedSpot(job: SpotJob, view: SpotView, choice: SpotMode): SpotMode {
  return guarded(job, view, choice, view.mode === 'spot' && view.spotAvailable);
}

/** Dollars of one tick in a mode. */
export function tickPrice(job: SpotJob, mode: SpotMode): number {
  if (mode === 'idle') return 0;
  const perHour = mode === 'spot' ? job.spotPricePerHour : job.onDemandPricePerHour;
  return (perHour * job.tickSeconds) / 3600;
}
