/**
 * Work under a deadline on capacity that can be lost (scheduling.md section 1). Time passes in ticks; work is in seconds
 * of one machine's progress. A launch pays `changeoverSeconds` before it makes progress; a started tick is charged whole.
 */
export interface DeadlineJob {
  readonly tickSeconds: number;
  /** The job must be done by the end of this many ticks from its start. */
  readonly deadlineTicks: number;
  readonly workSeconds: number;
  /** Boot, model load and lost progress of one launch: d of scheduling.md. */
  readonly changeoverSeconds: number;
}

/** Where a job stands at the start of a tick. `Mode` names what can run it, `idle` and `onDemand` among it. */
export interface JobStand<Mode> {
  /** Ticks passed since the job's start. */
  readonly tick: number;
  readonly workLeftSeconds: number;
  /** What ran in the tick before; `idle` where its Spot instance has been taken away. */
  readonly mode: Mode;
  /** What is left of the last launch's changeover. */
  readonly pendingSeconds: number;
}

/** What is left of a job after a tick. */
export interface JobProgress {
  readonly workLeftSeconds: number;
  readonly pendingSeconds: number;
}

/** Changeover still to be paid if `choice` runs in this tick: a launch replaces what is pending, staying adds nothing. */
export function pendingOf<Mode>(job: DeadlineJob, stand: JobStand<Mode>, choice: Mode): number {
  return choice === stand.mode ? stand.pendingSeconds : job.changeoverSeconds;
}

/** One tick of `choice`: first the changeover, then work. An idle tick makes no progress, and ends what was pending. */
export function afterTick<Mode>(job: DeadlineJob, stand: JobStand<Mode>, choice: Mode): JobProgress {
  if (choice === 'idle') return { workLeftSeconds: stand.workLeftSeconds, pendingSeconds: 0 };
  const pending = pendingOf(job, stand, choice);
  const worked = Math.max(0, job.tickSeconds - pending);
  return {
    workLeftSeconds: Math.max(0, stand.workLeftSeconds - worked),
    pendingSeconds: Math.max(0, pending - job.tickSeconds),
  };
}
