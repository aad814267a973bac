import { guarded } from '../spot/deadline-guard.js';
import type { DeadlineJob, JobStand } from '../spot/deadline-job.js';

/** What one zone offers in a tick; known at the tick's start. */
export interface ZoneOffer {
  readonly spotAvailable: boolean;
  readonly spotPricePerHour: number;
  readonly onDemandPricePerHour: number;
}

/** What runs the job: nothing, an on-demand instance of the cheapest zone, or Spot in the zone with this index. */
export type ZoneMode = 'idle' | 'onDemand' | number;

/** The state of a job at the start of a tick, with what is known by then (scheduling.md section 2, cell S). */
export interface ZoneView extends JobStand<ZoneMode> {
  /** One a zone, in the same order in every tick of a job. */
  readonly offers: readonly ZoneOffer[];
}

/** `choice` under the deadline guard. */
export function guardedZone(job: DeadlineJob, view: ZoneView, choice: ZoneMode): ZoneMode {
  const { mode, offers } = view;
  return guarded(job, view, choice, typeof mode === 'number' && offers[mode]?.spotAvailable === true);
}

/** Dollars of one tick in a mode. */
export function zoneTickPrice(job: DeadlineJob, offers: readonly ZoneOffer[], mode: ZoneMode): number {
  if (mode === 'idle') return 0;
  const perHour = mode === 'onDemand' ? onDemandPricePerHour(offers) : offers[mode]?.spotPricePerHour;
  if (perHour === undefined) throw new RangeError(`There is no zone ${mode} among ${offers.length}.`);
  return (perHour * job.tickSeconds) / 3600;
}

/** On-demand capacity is there in every zone, so the cheapest is taken. */
export function onDemandPricePerHour(offers: readonly ZoneOffer[]): number {
  let lowest = Infinity;
  for (const { onDemandPricePerHour: price } of offers) lowest = Math.min(lowest, price);
  return lowest;
}

/** The zone with the lowest Spot price among those that have capacity; the first of equals. None: undefined. */
export function cheapestSpotZone(offers: readonly ZoneOffer[]): number | undefined {
  let best: number | undefined;
  let lowest = Infinity;
  for (const [zone, { spotAvailable, spotPricePerHour }] of offers.entries()) {
    if (!spotAvailable || spotPricePerHour >= lowest) continue;
    best = zone;
    lowest = spotPricePerHour;
  }
  return best;
}
