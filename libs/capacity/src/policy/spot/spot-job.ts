/**
 * A job on Spot capacity under a deadline (scheduling.md section 1). Time passes in ticks; work is in seconds of one
 * machine's progress. A launch pays `changeoverSeconds` before it makes progress; a started tick is charged whole.
 */
export interface SpotJob {
  readonly tickSeconds: number;
  /** The job must be done by the end of this many ticks from its start. */
  readonly deadlineTicks: number;
  readonly workSeconds: number;
  /** Boot, model load and lost progress of one launch: d of scheduling.md. */
  readonly changeoverSeconds: number;
  readonly onDemandPricePerHour: number;
  readonly spotPricePerHour: number;
}

/** What runs the job: nothing, a Spot instance, or an on-demand one. */
export type SpotMode = 'idle' | 'spot' | 'onDemand';

/** The state of a job at the start of a tick, with what is known by then. */
export interface SpotView {
  /** Ticks passed since the job's start. */
  readonly tick: number;
  readonly workLeftSeconds: number;
  /** What ran in the tick before; `idle` where its Spot instance has been taken away. */
  readonly mode: SpotMode;
  /** What is left of the last launch's changeover. */
  readonly pendingSeconds: number;
  /** Whether Spot capacity can be had, or kept, in this tick. */
  readonly spotAvailable: boolean;
}

/** Where a job stands after a tick. */
export interface SpotProgress {
  readonly workLeftSeconds: number;
  readonly pendingSeconds: number;
}

/** Changeover still to be paid if `choice` runs in this tick: a launch replaces what is pending, staying adds nothing. */
export function pendingOf(job: SpotJob, view: SpotView, choice: SpotMode): number {
  return choice === view.mode ? view.pendingSeconds : job.changeoverSeconds;
}

/** One tick of `choice`: first the changeover, then work. An idle tick changes neither. */
export function afterTick(job: SpotJob, view: SpotView, choice: SpotMode): SpotProgress {
  if (choice === 'idle') return { workLeftSeconds: view.workLeftSeconds, pendingSeconds: 0 };
  const pending = pendingOf(job, view, choice);
  const worked = Math.max(0, job.tickSeconds - pending);
  return {
    workLeftSeconds: Math.max(0, view.workLeftSeconds - worked),
    pendingSeconds: Math.max(0, pending - job.tickSeconds),
  };
}

/** Ticks that on-demand capacity needs from here, changeover included. */
export function ticksOnDemand(job: SpotJob, workLeftSeconds: number, pendingSeconds: number): number {
  return Math.ceil((workLeftSeconds + pendingSeconds) / job.tickSeconds);
}

/** Dollars of one tick in a mode. */
export function tickPrice(job: SpotJob, mode: SpotMode): number {
  if (mode === 'idle') return 0;
  const perHour = mode === 'spot' ? job.spotPricePerHour : job.onDemandPricePerHour;
  return (perHour * job.tickSeconds) / 3600;
}
