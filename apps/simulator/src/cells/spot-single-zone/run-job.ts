import type { SpotJob, SpotMode, SpotView } from '@millrace/capacity/policy';
import { afterTick, tickPrice } from '@millrace/capacity/policy';
import type { SpotWindow } from '../../traces/spot-windows.js';

/** Decides each tick of one job. Made anew for each job; it sees the ticks in order, and only the past. */
export type SpotDecider = (view: SpotView) => SpotMode;

/** A policy of cell U: `start` begins a job. Only the omniscient one looks at the window. */
export interface SpotPolicy {
  readonly name: string;
  start(job: SpotJob, window: SpotWindow): SpotDecider;
}

export interface JobOutcome {
  readonly costUsd: number;
  /** Work was left at the deadline. */
  readonly missed: boolean;
  readonly launches: number;
  readonly ticks: Readonly<Record<SpotMode, number>>;
}

/**
 * Runs one job over a window by the semantics of cell U (scheduling.md section 2). Throws where a policy asks for Spot
 * capacity that is not there, or where the window is shorter than the deadline.
 */
export function runJob(job: SpotJob, window: SpotWindow, policy: SpotPolicy): JobOutcome {
  if (window.length < job.deadlineTicks) {
    throw new Error(`A window of ${window.length} ticks is shorter than the deadline of ${job.deadlineTicks}.`);
  }
  const decide = policy.start(job, window);
  const ticks = { idle: 0, spot: 0, onDemand: 0 };
  let mode: SpotMode = 'idle';
  let left = { workLeftSeconds: job.workSeconds, pendingSeconds: 0 };
  let launches = 0;
  for (let tick = 0; tick < job.deadlineTicks && left.workLeftSeconds > 0; tick++) {
    const spotAvailable = window[tick] === 1;
    if (mode === 'spot' && !spotAvailable) mode = 'idle';
    const view: SpotView = { tick, ...left, mode, spotAvailable };
    const choice = decide(view);
    if (choice === 'spot' && !spotAvailable) throw new Error(`${policy.name} took Spot at tick ${tick}: none there.`);
    left = afterTick(job, view, choice);
    if (choice !== 'idle' && choice !== mode) launches++;
    ticks[choice]++;
    mode = choice;
  }
  const costUsd = ticks.spot * tickPrice(job, 'spot') + ticks.onDemand * tickPrice(job, 'onDemand');
  return { costUsd, missed: left.workLeftSeconds > 0, launches, ticks };
}
