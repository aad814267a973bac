import { afterZoneTick, type ZoneJob, type ZoneMode, type ZoneView } from './zone-job.js';

/**
 * Whether the deadline still holds if `choice` runs in this tick and no zone has Spot capacity ever after
 * (scheduling.md section 1, the hard rule). On-demand keeps what it has paid of its changeover; everything else must
 * leave room for a whole launch.
 */
export function keepsZoneDeadline(job: ZoneJob, view: ZoneView, choice: ZoneMode): boolean {
  const next = afterZoneTick(job, view, choice);
  if (next.workLeftSeconds === 0) return true;
  const pending = choice === 'onDemand' ? next.pendingSeconds : job.changeoverSeconds;
  return next.workLeftSeconds + pending <= (job.deadlineTicks - view.tick - 1) * job.tickSeconds;
}

/**
 * The choice itself where it keeps the deadline, else on-demand. From a state that can keep the deadline the answer
 * always does. From one that cannot, the Spot instance that is running stays where it gets further than a launch would.
 */
export function guardedZone(job: ZoneJob, view: ZoneView, choice: ZoneMode): ZoneMode {
  if (keepsZoneDeadline(job, view, choice)) return choice;
  if (keepsZoneDeadline(job, view, 'onDemand')) return 'onDemand';
  const { mode } = view;
  const stays = typeof mode === 'number' && view.offers[mode]?.spotAvailable === true;
  return stays && view.pendingSeconds < job.changeoverSeconds ? mode : 'onDemand';
}
