import type { DeadlineJob, ZoneView } from '@millrace/capacity/policy';
import { cheapestSpotZone } from '@millrace/capacity/policy';
import type { ZonePolicy } from '../run-zone-job.js';

/** Rounding of seconds: far below a tick, far above the error of a sum. */
const SECONDS_EPSILON = 1e-6;

/** How long a cheaper zone is expected to last when a move to it is weighed. */
const MOVE_LIFE_TICKS = 24;

/** On-demand from the first tick. */
export const onDemandOnly: ZonePolicy = { name: 'on-demand', start: () => () => 'onDemand' };

/** Cheapest available zone, stay until it ends; where no zone has capacity, on-demand until one has. */
export const cheapestAndStay: ZonePolicy = {
  name: 'cheapest-available-stay',
  start: (job) => {
    const safe = safetyNet(job);
    return (view) => {
      if (safe(view)) return 'onDemand';
      return typeof view.mode === 'number' ? view.mode : (cheapestSpotZone(view.offers) ?? 'onDemand');
    };
  },
};

/**
 * Uniform progress (NSDI '24) over several zones: Spot of the cheapest zone whenever one has capacity; without, idle
 * while ahead of the straight line of progress and on-demand while behind it; on-demand stays until ahead of the line
 * at t + 2d. A running Spot instance moves to a cheaper zone when (price gap) × expected life > price × d.
 */
export const uniformProgress: ZonePolicy = {
  name: 'uniform-progress-price-move',
  start: (job) => {
    const safe = safetyNet(job);
    return (view) => {
      if (safe(view)) return 'onDemand';
      const cheapest = cheapestSpotZone(view.offers);
      if (typeof view.mode === 'number')
        return cheapest !== undefined && paysToMove(job, view, cheapest) ? cheapest : view.mode;
      if (cheapest !== undefined) return cheapest;
      const ahead = secondsAhead(job, view);
      if (view.mode === 'onDemand')
        return ahead >= lineSeconds(job, 2 * job.changeoverSeconds) - SECONDS_EPSILON ? 'idle' : 'onDemand';
      return ahead < -SECONDS_EPSILON ? 'onDemand' : 'idle';
    };
  },
};

/** True once, and from then on, when a job without Spot has no room left for two changeovers. */
function safetyNet(job: DeadlineJob): (view: ZoneView) => boolean {
  let caught = false;
  return (view) => {
    const roomSeconds = (job.deadlineTicks - view.tick) * job.tickSeconds;
    if (typeof view.mode !== 'number' && view.workLeftSeconds + 2 * job.changeoverSeconds > roomSeconds) caught = true;
    return caught;
  };
}

/** Progress that the straight line from start to deadline makes in so many seconds. */
function lineSeconds(job: DeadlineJob, seconds: number): number {
  return (job.workSeconds * seconds) / (job.deadlineTicks * job.tickSeconds);
}

function secondsAhead(job: DeadlineJob, view: ZoneView): number {
  return job.workSeconds - view.workLeftSeconds - lineSeconds(job, view.tick * job.tickSeconds);
}

function paysToMove(job: DeadlineJob, view: ZoneView, target: number): boolean {
  const { mode, offers } = view;
  const from = typeof mode === 'number' ? offers[mode]?.spotPricePerHour : undefined;
  const to = offers[target]?.spotPricePerHour;
  if (from === undefined || to === undefined || mode === target) return false;
  const roomSeconds = (job.deadlineTicks - view.tick) * job.tickSeconds;
  if (view.workLeftSeconds + 2 * job.changeoverSeconds > roomSeconds) return false;
  const lifeSeconds = Math.min(MOVE_LIFE_TICKS * job.tickSeconds, view.workLeftSeconds);
  return (from - to) * lifeSeconds > to * job.changeoverSeconds;
}
