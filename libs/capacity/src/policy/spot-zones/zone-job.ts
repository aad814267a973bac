/**
 * A job that may run in any of several zones under a deadline (scheduling.md sections 1 and 2, cell S). Time passes in
 * ticks; work is in seconds of one machine's progress. A launch pays `changeoverSeconds` before it makes progress, also
 * when it moves to another zone; a started tick is charged whole.
 */
export interface ZoneJob {
  readonly tickSeconds: number;
  /** The job must be done by the end of this many ticks from its start. */
  readonly deadlineTicks: number;
  readonly workSeconds: number;
  /** Boot, model load and lost progress of one launch: d of scheduling.md. */
  readonly changeoverSeconds: number;
}

/** What one zone offers in a tick; known at the tick's start. */
export interface ZoneOffer {
  readonly spotAvailable: boolean;
  readonly spotPricePerHour: number;
  readonly onDemandPricePerHour: number;
}

/** What runs the job: nothing, an on-demand instance of the cheapest zone, or Spot in the zone with this index. */
export type ZoneMode = 'idle' | 'onDemand' | number;

/** The state of a job at the start of a tick, with what is known by then. */
export interface ZoneView {
  /** Ticks passed since the job's start. */
  readonly tick: number;
  readonly workLeftSeconds: number;
  /** What ran in the tick before; `idle` where its Spot instance has been taken away. */
  readonly mode: ZoneMode;
  /** What is left of the last launch's changeover. */
  readonly pendingSeconds: number;
  /** One a zone, in the same order in every tick of a job. */
  readonly offers: readonly ZoneOffer[];
}

/** Where a job stands after a tick. */
export interface ZoneProgress {
  readonly workLeftSeconds: number;
  readonly pendingSeconds: number;
}

/** One tick of `choice`: first the changeover, then work. Staying adds no changeover, a launch replaces what is pending. */
export function afterZoneTick(job: ZoneJob, view: ZoneView, choice: ZoneMode): ZoneProgress {
  if (choice === 'idle') return { workLeftSeconds: view.workLeftSeconds, pendingSeconds: 0 };
  const pending = choice === view.mode ? view.pendingSeconds : job.changeoverSeconds;
  const worked = Math.max(0, job.tickSeconds - pending);
  return {
    workLeftSeconds: Math.max(0, view.workLeftSeconds - worked),
    pendingSeconds: Math.max(0, pending - job.tickSeconds),
  };
}

/** Dollars of one tick in a mode. */
export function zoneTickPrice(job: ZoneJob, offers: readonly ZoneOffer[], mode: ZoneMode): number {
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
