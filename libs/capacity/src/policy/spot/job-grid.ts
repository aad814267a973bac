import { invariant } from '@millrace/kernel';
import type { SpotJob, SpotMode } from './spot-job.js';

/** Finer units than this gain nothing that a decision could show. */
const UNITS_PER_TICK_MAX = 20;
/** Ticks × slack × phases; with the states of a chain it bounds the table and the time to solve it. */
const GRID_CELLS_MAX = 4_000_000;
const LAUNCH_TICKS_MAX = 36;

/** A phase of a job between ticks: what runs, and what it still has to pay of its changeover. */
export interface JobPhase {
  readonly mode: SpotMode;
  readonly pendingUnits: number;
}

/** A tick of one mode: the phase after it, and the slack that it costs (its part without progress). */
export interface JobMove {
  readonly phase: number;
  readonly loss: number;
}

/**
 * A job in whole units of time that divide both the tick and the changeover, so that a programme over it is exact.
 *
 * Its state is (tick, slack, phase): slack is the time left less the work left. Work makes both fall alike, so that
 * slack never rises and falls only by what makes no progress: waiting, and changeovers.
 */
export interface JobGrid {
  readonly unitSeconds: number;
  readonly ticks: number;
  readonly unitsPerTick: number;
  readonly changeoverUnits: number;
  /** Slack at the start. Negative where the job cannot be done in time. */
  readonly slackUnits: number;
  /** Phase 0 is idle. */
  readonly phases: readonly JobPhase[];
  /** `moves[phase][mode]`: what a tick of a mode does to a job in a phase. */
  readonly moves: readonly Readonly<Record<SpotMode, JobMove>>[];
}

/**
 * The grid of a job: in units that divide tick and changeover where there are such and the grid is not too large, else
 * in the finest that fit. Work and changeover are rounded up to whole units, the deadline stays what it is. Throws a
 * RangeError where a job has too many ticks for any grid.
 */
export function jobGrid(job: SpotJob): JobGrid {
  const exact = job.tickSeconds / greatestDivisor(job.tickSeconds, job.changeoverSeconds);
  const finest = Number.isInteger(exact) ? Math.min(exact, UNITS_PER_TICK_MAX) : UNITS_PER_TICK_MAX;
  for (let unitsPerTick = finest; unitsPerTick >= 1; unitsPerTick--) {
    const grid = gridOf(job, unitsPerTick);
    if (grid.ticks * (grid.slackUnits + 1) * grid.phases.length <= GRID_CELLS_MAX) return grid;
  }
  throw new RangeError(`A deadline of ${job.deadlineTicks} ticks is too far for a programme: plan in longer ticks.`);
}

function gridOf(job: SpotJob, unitsPerTick: number): JobGrid {
  const unitSeconds = job.tickSeconds / unitsPerTick;
  const changeoverUnits = Math.ceil(job.changeoverSeconds / unitSeconds);
  const phases: JobPhase[] = [{ mode: 'idle', pendingUnits: 0 }];
  for (const mode of ['spot', 'onDemand'] as const) {
    for (const pendingUnits of pendingUnitsOf(changeoverUnits, unitsPerTick)) phases.push({ mode, pendingUnits });
  }
  return {
    unitSeconds,
    ticks: job.deadlineTicks,
    unitsPerTick,
    changeoverUnits,
    slackUnits: job.deadlineTicks * unitsPerTick - Math.ceil(job.workSeconds / unitSeconds),
    phases,
    moves: phases.map((phase) => movesOf(phases, phase, unitsPerTick, changeoverUnits)),
  };
}

function movesOf(
  phases: readonly JobPhase[],
  from: JobPhase,
  tick: number,
  changeover: number,
): JobGrid['moves'][number] {
  const run = (mode: SpotMode): JobMove => {
    const pending = from.mode === mode ? from.pendingUnits : changeover;
    const left = Math.max(0, pending - tick);
    const phase = phases.findIndex((candidate) => candidate.mode === mode && candidate.pendingUnits === left);
    return { phase, loss: Math.min(pending, tick) };
  };
  return { idle: { phase: 0, loss: tick }, spot: run('spot'), onDemand: run('onDemand') };
}

/** The phase of a job between ticks; pending time is rounded up to a unit. */
export function phaseIndex(grid: JobGrid, mode: SpotMode, pendingSeconds: number): number {
  const units = Math.ceil(pendingSeconds / grid.unitSeconds);
  const index = grid.phases.findIndex((phase) => phase.mode === mode && phase.pendingUnits >= units);
  invariant(mode === 'idle' || index > 0, `no phase of ${mode} has ${pendingSeconds} s pending`);
  return Math.max(0, index);
}

/** Slack of a job, rounded down to a unit. */
export function slackOf(grid: JobGrid, tick: number, workLeftSeconds: number): number {
  return (grid.ticks - tick) * grid.unitsPerTick - Math.ceil(workLeftSeconds / grid.unitSeconds);
}

/** The least slack from which a phase still keeps the deadline without Spot capacity. */
export function slackNeeded(grid: JobGrid, phase: number): number {
  const { mode, pendingUnits } = grid.phases[phase] ?? { mode: 'idle', pendingUnits: 0 };
  return mode === 'onDemand' ? pendingUnits : grid.changeoverUnits;
}

function greatestDivisor(a: number, b: number): number {
  let [x, y] = [Math.round(a), Math.round(b)];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}

/** What can be pending at the start of a tick, rising. */
function pendingUnitsOf(changeoverUnits: number, unitsPerTick: number): readonly number[] {
  const ticks = Math.ceil(changeoverUnits / unitsPerTick);
  invariant(ticks <= LAUNCH_TICKS_MAX, `a changeover of ${ticks} ticks is longer than ${LAUNCH_TICKS_MAX}`);
  const pending: number[] = [];
  for (let units = changeoverUnits - unitsPerTick; units > 0; units -= unitsPerTick) pending.push(units);
  return [0, ...pending.reverse()];
}
