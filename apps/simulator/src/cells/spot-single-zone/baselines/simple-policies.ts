import { guardedSpot, type SpotJob, type SpotMode, type SpotView } from '@millrace/capacity/policy';
import type { SpotPolicy } from '../run-job.js';

/** A baseline by its rule; the deadline guard stands over every one of them. */
function byRule(name: string, rule: (job: SpotJob, view: SpotView) => SpotMode): SpotPolicy {
  return { name, start: (job) => (view) => guardedSpot(job, view, rule(job, view)) };
}

/** On-demand from the first tick to the last. */
export const onDemandOnly = byRule('on-demand', () => 'onDemand');

/** Spot whenever it is there, else wait until the guard. */
export const greedy = byRule('greedy', (_, view) => (view.spotAvailable ? 'spot' : 'idle'));

/** Spot if there, else on-demand. */
export const neverWait = byRule('never-wait', (_, view) => (view.spotAvailable ? 'spot' : 'onDemand'));

/**
 * Uniform progress (NSDI '24): Spot whenever it appears to an idle job; idle and behind the straight line of progress,
 * on-demand; on on-demand, stay until ahead of the line at t + 2d.
 */
export const uniformProgress = byRule('uniform-progress', (job, view) => {
  const elapsedSeconds = view.tick * job.tickSeconds;
  const done = job.workSeconds - view.workLeftSeconds;
  const rate = job.workSeconds / (job.deadlineTicks * job.tickSeconds);
  if (view.spotAvailable) return 'spot';
  if (view.mode !== 'onDemand') return done < rate * elapsedSeconds ? 'onDemand' : 'idle';
  return done < rate * (elapsedSeconds + 2 * job.changeoverSeconds) ? 'onDemand' : 'idle';
});
