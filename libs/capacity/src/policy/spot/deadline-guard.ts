import { afterTick, pendingOf, ticksOnDemand, type SpotJob, type SpotMode, type SpotView } from './spot-job.js';

/**
 * Whether the deadline still holds if `choice` runs in this tick and Spot capacity is never seen again after it
 * (scheduling.md section 1, the hard rule). On-demand keeps what it has paid of its changeover; everything else must
 * leave room for a whole launch.
 */
export function keepsDeadline(job: SpotJob, view: SpotView, choice: SpotMode): boolean {
  const next = afterTick(job, view, choice);
  if (next.workLeftSeconds === 0) return true;
  const pending = choice === 'onDemand' ? next.pendingSeconds : job.changeoverSeconds;
  return ticksOnDemand(job, next.workLeftSeconds, pending) <= job.deadlineTicks - view.tick - 1;
}

/**
 * The choice itself where it keeps the deadline, else on-demand. From a state that can keep the deadline the answer
 * always does. From one that cannot, the instance that is running stays where it gets further than a launch would.
 */
export function guarded(job: SpotJob, view: SpotView, choice: SpotMode): SpotMode {
  if (keepsDeadline(job, view, choice) || keepsDeadline(job, view, 'onDemand')) {
    return keepsDeadline(job, view, choice) ? choice : 'onDemand';
  }
  const staysFurther =
    view.mode === 'spot' && view.spotAvailable && pendingOf(job, view, 'spot') < job.changeoverSeconds;
  return staysFurther ? 'spot' : 'onDemand';
}
