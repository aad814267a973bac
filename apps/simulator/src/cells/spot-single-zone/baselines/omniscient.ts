import {
  jobGrid,
  phaseIndex,
  slackOf,
  tickPrice,
  type JobGrid,
  type SpotJob,
  type SpotMode,
} from '@millrace/capacity/policy';
import type { SpotWindow } from '../../../traces/spot-windows.js';
import type { SpotPolicy } from '../run-job.js';

const MODES: readonly SpotMode[] = ['idle', 'spot', 'onDemand'];
const SPOT = 1;

/**
 * Knows the whole window: no policy costs less. It needs no deadline guard, since it may count on Spot capacity to the
 * last tick; a miss has infinite cost.
 */
export const omniscient: SpotPolicy = {
  name: 'omniscient',
  start: (job, window) => {
    const grid = jobGrid(job);
    const best = solve(grid, job, window);
    return (view) => {
      const slack = slackOf(grid, view.tick, view.workLeftSeconds);
      const phase = phaseIndex(grid, view.mode, view.pendingSeconds);
      const choice = best[(view.tick * (grid.slackUnits + 1) + slack) * grid.phases.length + phase];
      return MODES[choice ?? 2] ?? 'onDemand';
    };
  },
};

/** Best choice by ((tick × (slackUnits + 1)) + slack) × phases + phase: backward induction over what is known. */
function solve(grid: JobGrid, job: SpotJob, window: SpotWindow): Uint8Array {
  const layer = (grid.slackUnits + 1) * grid.phases.length;
  const best = new Uint8Array(grid.ticks * layer);
  const steps = stepsOf(grid, job);
  const lost = steps.map((step) => (step.spot ? { ...steps[0]!, phase: step.phase } : step));
  let values = new Float64Array(layer);
  let later = new Float64Array(layer);
  for (let tick = grid.ticks - 1; tick >= 0; tick--) {
    [values, later] = [later, values];
    const done = (grid.ticks - tick) * grid.unitsPerTick;
    const choices = best.subarray(tick * layer, (tick + 1) * layer);
    // Lost with its capacity, a Spot instance leaves an idle job.
    for (const step of window[tick] === 1 ? steps : lost)
      solvePhase(grid, step, { done, spot: window[tick] === 1, values, later, choices });
  }
  return best;
}

/** What each of `MODES` does to a job in a phase; the phase of a Spot instance that is gone is idle. */
interface PhaseSteps {
  readonly phase: number;
  readonly spot: boolean;
  readonly to: Int32Array;
  readonly loss: Int32Array;
  readonly usd: Float64Array;
}

function stepsOf(grid: JobGrid, job: SpotJob): readonly PhaseSteps[] {
  return grid.phases.map(({ mode }, phase) => {
    const moves = MODES.map((choice) => grid.moves[phase]![choice]);
    return {
      phase,
      spot: mode === 'spot',
      to: Int32Array.from(moves, (move) => move.phase),
      loss: Int32Array.from(moves, (move) => move.loss),
      usd: Float64Array.from(MODES, (choice) => tickPrice(job, choice)),
    };
  });
}

interface Layer {
  /** Slack from which no work is left. */
  readonly done: number;
  readonly spot: boolean;
  readonly values: Float64Array;
  readonly later: Float64Array;
  readonly choices: Uint8Array;
}

function solvePhase(grid: JobGrid, steps: PhaseSteps, { done, spot, values, later, choices }: Layer): void {
  const { to, loss, usd, phase } = steps;
  const phases = grid.phases.length;
  for (let slack = 0; slack <= grid.slackUnits && slack < done; slack++) {
    let least = Infinity;
    for (let choice = 0; choice < to.length; choice++) {
      if (choice === SPOT && !spot) continue;
      const left = slack - loss[choice]!;
      if (left < 0) continue;
      const finished = left >= done - grid.unitsPerTick;
      const cost = usd[choice]! + (finished ? 0 : later[left * phases + to[choice]!]!);
      if (cost >= least) continue;
      least = cost;
      choices[slack * phases + phase] = choice;
    }
    values[slack * phases + phase] = least;
  }
}
