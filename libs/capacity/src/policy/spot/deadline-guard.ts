import { afterTick, pendingOf, type DeadlineJob, type JobStand } from './deadline-job.js';

/**
 * Whether the deadline still holds if `choice` runs in this tick and no Spot capacity is ever seen again after it
 * (scheduling.md section 1, the hard rule). On-demand keeps what it has paid of its changeover; everything else must
 * leave room for a whole launch.
 */
export function keepsDeadline<Mode>(job: DeadlineJob, stand: JobStand<Mode>, choice: Mode | 'onDemand'): boolean {
  const next = afterTick<Mode | 'onDemand'>(job, stand, choice);
  if (next.workLeftSeconds === 0) return true;
  const pending = choice === 'onDemand' ? next.pendingSeconds : job.changeoverSeconds;
  const ticksLeft = job.deadlineTicks - stand.tick - 1;
  return next.workLeftSeconds + pending <= ticksLeft * job.tickSeconds;
}

/**
 * The choice itself where it keeps the deadline, else on-demand. From a state that can keep the deadline the answer
 * always does. From one that cannot, the Spot instance that is running stays where it gets further than a launch would:
 * `canStay` tells whether one runs whose capacity is still there.
 */
export function guarded<Mode>(
  job: DeadlineJob,
  stand: JobStand<Mode>,
  choice: Mode,
  canStay: boolean,
): Mode | 'onDemand' {
  if (keepsDeadline(job, stand, choice)) return choice;
  if (keepsDeadline(job, stand, 'onDemand')) return 'onDemand';
  return canStay && pendingOf(job, stand, stand.mode) < job.changeoverSeconds ? stand.mode : 'onDemand';
}
