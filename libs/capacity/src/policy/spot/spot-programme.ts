import type { JobGrid } from './job-grid.js';
import { slackNeeded } from './job-grid.js';
import type { SpotChain } from './spot-chain.js';
import type { SpotMode } from './spot-job.js';

/** Above any cost a job can have: what a missed deadline weighs in the programme (scheduling.md section 1). */
export const MISS_USD = 1e9;

/** Choices in the order of the table's numbers. */
export const CHOICES: readonly SpotMode[] = ['idle', 'spot', 'onDemand'];

/** Dollars of one tick of each choice, in the order of `CHOICES`. */
export type ChoicePrices = readonly [idle: number, spot: number, onDemand: number];

/** What a programme has found: the best choice of every state, and what the job is expected to cost from its start. */
export interface SpotProgramme {
  readonly grid: JobGrid;
  readonly states: number;
  /**
   * Places in `CHOICES`, two bits each, four to a byte from the low bits on. Index:
   * ((tick × (slackUnits + 1) + slack) × phases + phase) × states + state.
   */
  readonly best: Uint8Array;
  /** Expected dollars from the start, by the chain's state. */
  readonly startUsd: Float64Array;
}

/**
 * Stochastic dynamic programme of a job over a Spot chain (scheduling.md section 1): backward induction over tick, work
 * left, mode, pending changeover and Spot state, with a prohibitive penalty for a miss. Ties go to the choice that is
 * first in `CHOICES`.
 */
export function solveSpotProgramme(grid: JobGrid, chain: SpotChain, prices: ChoicePrices): SpotProgramme {
  const states = chain.on.length;
  const slacks = Math.max(0, grid.slackUnits) + 1;
  const stride = grid.phases.length * states;
  const best = new Uint8Array(Math.ceil((grid.ticks * slacks * stride) / 4));
  const induction = new Induction(grid, chain, prices, best);
  for (let tick = grid.ticks - 1; tick >= 0; tick--) induction.stepBack(tick);
  const start = Math.max(0, grid.slackUnits) * stride;
  return { grid, states, best, startUsd: induction.values.slice(start, start + states) };
}

/** The best choice of a state. Slack beyond the grid counts as its edge. */
export function chosenBy(
  programme: SpotProgramme,
  tick: number,
  slack: number,
  phase: number,
  state: number,
): SpotMode {
  const { grid, states, best } = programme;
  const top = Math.max(0, grid.slackUnits);
  const row = tick * (top + 1) + Math.min(Math.max(0, slack), top);
  const cell = (row * grid.phases.length + phase) * states + state;
  return CHOICES[((best[cell >> 2] ?? 0) >> ((cell & 3) << 1)) & 3] ?? 'onDemand';
}

/** The sweep of the backward induction: values of one tick, made from those of the tick after it. */
class Induction {
  /** Expected dollars from the tick last stepped back to, by slack, phase and state; nothing is left after the last. */
  readonly values: Float64Array;
  /** The same over the chain's next step, by the phase and state before it. */
  private readonly expected: Float64Array;
  private readonly states: number;
  private readonly stride: number;
  private readonly slacks: number;

  constructor(
    private readonly grid: JobGrid,
    private readonly chain: SpotChain,
    private readonly prices: ChoicePrices,
    private readonly best: Uint8Array,
  ) {
    this.states = chain.on.length;
    this.slacks = Math.max(0, grid.slackUnits) + 1;
    this.stride = grid.phases.length * this.states;
    this.values = new Float64Array(this.slacks * this.stride);
    this.expected = new Float64Array(this.slacks * this.stride);
  }

  stepBack(tick: number): void {
    // 1. what each state leads to, over the chain's next step
    for (let slack = 0; slack < this.slacks; slack++) this.expect(slack);
    // 2. the best choice. Work left is (ticks left × units) less slack: from this slack on there is none
    const done = (this.grid.ticks - tick) * this.grid.unitsPerTick;
    for (let slack = 0; slack < this.slacks; slack++) {
      if (slack >= done) this.values.fill(0, slack * this.stride, (slack + 1) * this.stride);
      else this.choose(slack, done, tick * this.slacks * this.stride);
    }
  }

  /**
   * Expectation over the chain's step. A Spot instance ends with its capacity; its phase then leads where idle does,
   * since both pay a whole changeover for what comes next.
   */
  private expect(slack: number): void {
    const { from, to, chance } = this.chain;
    const { values, expected, states } = this;
    for (let phase = 0; phase < this.grid.phases.length; phase++) {
      const row = slack * this.stride + phase * states;
      for (let state = 0; state < states; state++) {
        let sum = 0;
        for (let k = from[state]!; k < from[state + 1]!; k++) sum += chance[k]! * values[row + to[k]!]!;
        expected[row + state] = sum;
      }
    }
  }

  private choose(slack: number, done: number, firstCell: number): void {
    const { on } = this.chain;
    const { values, expected, states, best } = this;
    for (let phase = 0; phase < this.grid.phases.length; phase++) {
      const row = slack * this.stride + phase * states;
      // Offsets into `expected`; a negative one stands for a choice whose outcome no longer depends on the chain.
      const [idle, spot, demand] = CHOICES.map((mode) => this.leadsTo(mode, phase, slack, done)) as [Path, Path, Path];
      for (let state = 0; state < states; state++) {
        let least = idle.usd + (idle.row < 0 ? 0 : expected[idle.row + state]!);
        let choice = 0;
        const byDemand = demand.usd + (demand.row < 0 ? 0 : expected[demand.row + state]!);
        const bySpot = on[state] === 1 ? spot.usd + (spot.row < 0 ? 0 : expected[spot.row + state]!) : Infinity;
        if (bySpot < least) {
          least = bySpot;
          choice = 1;
        }
        if (byDemand < least) {
          least = byDemand;
          choice = 2;
        }
        values[row + state] = least;
        const cell = firstCell + row + state;
        best[cell >> 2]! |= choice << ((cell & 3) << 1);
      }
    }
  }

  /** One tick of a choice. What breaks the guard's rule costs a miss; the penalty is what the sweep would find later. */
  private leadsTo(mode: SpotMode, phase: number, slack: number, done: number): Path {
    const { grid } = this;
    const usd = this.prices[CHOICES.indexOf(mode)]!;
    const { phase: next, loss } = grid.moves[phase]![mode];
    const left = slack - loss;
    if (left >= done - grid.unitsPerTick) return { usd, row: -1 };
    if (left < slackNeeded(grid, next)) return { usd: usd + MISS_USD, row: -1 };
    return { usd, row: left * this.stride + next * this.states };
  }
}

interface Path {
  readonly usd: number;
  /** Where its outcome stands in `expected`; −1 where the job ends with this tick. */
  readonly row: number;
}
