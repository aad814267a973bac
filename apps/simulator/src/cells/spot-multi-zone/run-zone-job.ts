import type { DeadlineJob, ZoneMode, ZoneOffer, ZoneView } from '@millrace/capacity/policy';
import { afterTick, zoneTickPrice } from '@millrace/capacity/policy';
import type { ZoneTrace } from '../../traces/zone-traces.js';

/** Decides each tick of one job. Made anew for each job; it sees the ticks in order, and only the past. */
export type ZoneDecider = (view: ZoneView) => ZoneMode;

/** Where a job lies in the traces of its zones. */
export interface ZoneWindow {
  readonly traces: readonly ZoneTrace[];
  /** The job's tick 0 in the traces. */
  readonly firstTick: number;
}

/** A policy of cell S: `start` begins a job. Only the omniscient one looks at the window's ticks. */
export interface ZonePolicy {
  readonly name: string;
  start(job: DeadlineJob, window: ZoneWindow): ZoneDecider;
}

export interface ZoneOutcome {
  readonly costUsd: number;
  /** Work was left at the deadline. */
  readonly missed: boolean;
  readonly launches: number;
  /** Launches in another zone than the last launch's. */
  readonly moves: number;
  /** One dollar figure a probe: a minute of Spot of each other zone that has capacity, in each tick with a job. */
  readonly probesUsd: number;
}

const PROBE_SECONDS = 60;

/** Offers of every zone in one tick of a window. */
export function offersAt(window: ZoneWindow, tick: number): readonly ZoneOffer[] {
  return window.traces.map(({ available, spotPricePerHour, onDemandPricePerHour, zone }) => {
    const price = spotPricePerHour[window.firstTick + tick];
    if (price === undefined) throw new Error(`The trace of ${zone} ends before tick ${tick} of the job.`);
    return { spotAvailable: available[window.firstTick + tick] === 1, spotPricePerHour: price, onDemandPricePerHour };
  });
}

/**
 * Runs one job over a window by the semantics of cell S (scheduling.md section 2). Throws where a policy asks for Spot
 * capacity that is not there, or where a trace ends before the deadline.
 */
export function runZoneJob(job: DeadlineJob, window: ZoneWindow, policy: ZonePolicy): ZoneOutcome {
  const decide = policy.start(job, window);
  let mode: ZoneMode = 'idle';
  let left = { workLeftSeconds: job.workSeconds, pendingSeconds: 0 };
  let lastZone: ZoneMode | undefined;
  const sum = { costUsd: 0, launches: 0, moves: 0, probesUsd: 0 };
  for (let tick = 0; tick < job.deadlineTicks && left.workLeftSeconds > 0; tick++) {
    const offers = offersAt(window, tick);
    if (typeof mode === 'number' && offers[mode]?.spotAvailable !== true) {
      mode = 'idle';
      left = { ...left, pendingSeconds: 0 };
    }
    const view: ZoneView = { tick, ...left, mode, offers };
    const choice = decide(view);
    if (typeof choice === 'number' && offers[choice]?.spotAvailable !== true) {
      throw new Error(`${policy.name} took Spot in zone ${choice} at tick ${tick}: none there.`);
    }
    left = afterTick(job, view, choice);
    sum.costUsd += zoneTickPrice(job, offers, choice);
    sum.probesUsd += probesUsd(offers, choice);
    if (choice !== 'idle' && choice !== mode) {
      sum.launches++;
      if (lastZone !== undefined && lastZone !== choice) sum.moves++;
      lastZone = choice;
    }
    mode = choice;
  }
  return { ...sum, missed: left.workLeftSeconds > 0 };
}

/** What a look at every other zone costs: an instance that starts is paid for a minute, one that does not is free. */
function probesUsd(offers: readonly ZoneOffer[], choice: ZoneMode): number {
  let usd = 0;
  for (const [zone, { spotAvailable, spotPricePerHour }] of offers.entries()) {
    if (spotAvailable && zone !== choice) usd += (spotPricePerHour * PROBE_SECONDS) / 3600;
  }
  return usd;
}
