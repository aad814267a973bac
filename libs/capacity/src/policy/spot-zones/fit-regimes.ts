import { invariant } from '@millrace/kernel';
import type { SpotSequences } from '../spot/spot-fit.js';
import type { RegimeFit, SpotRegimes } from './spot-regimes.js';

/** Mean ticks of a stay in each state from which the fit starts, off states and on states. */
interface StartingMeans {
  readonly off: readonly number[];
  readonly on: readonly number[];
}

/** 7³ joint states for three zones, and 5⁴ for four. Four states of either kind foretold and decided no better. */
const FINE: StartingMeans = { off: [1.2, 3, 15, 150], on: [1.3, 8, 100] };
const COARSE: StartingMeans = { off: [1.3, 4, 80], on: [1.3, 60] };

const ROUNDS = 40;

/** Every environment weighs as much as one of so many ticks, however long its record. */
const ENVIRONMENT_TICKS = 2_000;

/** So many ticks stand for what no environment has shown, in each row. */
const UNSEEN_TICKS = 0.5;

/** Share of a stay that starts as a change to another state that looks the same. */
const HIDDEN_CHANGE_SHARE = 0.02;

/** Fits hidden regimes to environments by expectation maximisation (Baum and Welch 1970). Deterministic. */
export function fitRegimes(environments: readonly SpotSequences[], tickSeconds: number): RegimeFit {
  invariant(environments.length > 0, 'a fit of regimes needs an environment at least');
  return { tickSeconds, fine: fitted(environments, FINE), coarse: fitted(environments, COARSE) };
}

function fitted(environments: readonly SpotSequences[], means: StartingMeans): SpotRegimes {
  let model = startingModel(means);
  for (let round = 0; round < ROUNDS; round++) model = improved(model, environments);
  const { states, offStates, chances, start } = model;
  return {
    offStates,
    startShares: [...start],
    chances: Array.from({ length: states }, (_, from) => [...chances.subarray(from * states, (from + 1) * states)]),
  };
}

interface Model {
  readonly states: number;
  readonly offStates: number;
  /** By rows. */
  readonly chances: Float64Array;
  readonly start: Float64Array;
}

/** Stays of the given means; a long stay of one kind is mostly followed by a short one of the other, and vice versa. */
function startingModel({ off, on }: StartingMeans): Model {
  const means = [...off, ...on];
  const states = means.length;
  const chances = new Float64Array(states * states);
  // 0 for the shortest gaps and the longest runs, 1 for the longest gaps and the shortest runs.
  const scarcity = (state: number): number =>
    state < off.length ? state / (off.length - 1) : (states - 1 - state) / (on.length - 1);
  means.forEach((mean, from) => {
    const isOff = from < off.length;
    const row = chances.subarray(from * states, (from + 1) * states);
    const likeness = means.map((_, to) =>
      to < off.length === isOff ? 0 : Math.exp(-2 * Math.abs(scarcity(from) - scarcity(to))),
    );
    const total = likeness.reduce((sum, each) => sum + each, 0);
    const others = (isOff ? off.length : on.length) - 1;
    means.forEach((_, to) => {
      const stay = 1 - 1 / mean;
      if (to === from) row[to] = stay * (1 - HIDDEN_CHANGE_SHARE);
      else if (to < off.length === isOff) row[to] = (stay * HIDDEN_CHANGE_SHARE) / others;
      else row[to] = ((1 - stay) * (likeness[to] ?? 0)) / total;
    });
  });
  return { states, offStates: off.length, chances, start: new Float64Array(states).fill(1 / states) };
}

/** One round: expected changes under the model, and the model that they make. */
function improved(model: Model, environments: readonly SpotSequences[]): Model {
  const { states, offStates } = model;
  const counts = new Float64Array(states * states).fill(UNSEEN_TICKS / states);
  const starts = new Float64Array(states).fill(UNSEEN_TICKS / states);
  for (const environment of environments) {
    const sequences = environment.filter(({ length }) => length > 0);
    const ticks = sequences.reduce((sum, { length }) => sum + length, 0);
    const weights = { tick: ENVIRONMENT_TICKS / ticks, start: 1 / sequences.length };
    for (const sequence of sequences) new ForwardBackward(model, sequence).addTo(counts, starts, weights);
  }
  for (let from = 0; from < states; from++) norm(counts.subarray(from * states, (from + 1) * states));
  norm(starts);
  return { states, offStates, chances: counts, start: starts };
}

function norm(row: Float64Array): void {
  const total = row.reduce((sum, each) => sum + each, 0);
  for (let index = 0; index < row.length; index++) row[index] = (row[index] ?? 0) / total;
}

/** What a tick and the start of one sequence count. */
interface SequenceWeights {
  readonly tick: number;
  readonly start: number;
}

/** The expected changes of one sequence, scaled at each tick. */
class ForwardBackward {
  /** Share of each state at each tick, given the ticks up to it. */
  private readonly filtered: Float64Array;
  private readonly scales: Float64Array;

  constructor(
    private readonly model: Model,
    private readonly sequence: Uint8Array,
  ) {
    const { states, chances, start } = model;
    this.filtered = new Float64Array(sequence.length * states);
    this.scales = new Float64Array(sequence.length);
    for (let tick = 0; tick < sequence.length; tick++) {
      const here = this.filtered.subarray(tick * states, (tick + 1) * states);
      const before = tick === 0 ? undefined : this.filtered.subarray((tick - 1) * states, tick * states);
      const [first, end] = this.span(tick);
      for (let to = first; to < end; to++) {
        let share = before === undefined ? (start[to] as number) : 0;
        if (before !== undefined) {
          for (let from = 0; from < states; from++)
            share += (before[from] as number) * (chances[from * states + to] as number);
        }
        here[to] = share;
        this.scales[tick] = (this.scales[tick] as number) + share;
      }
      for (let to = first; to < end; to++) here[to] = (here[to] as number) / (this.scales[tick] as number);
    }
  }

  addTo(counts: Float64Array, starts: Float64Array, weights: SequenceWeights): void {
    const { states, chances } = this.model;
    let after = new Float64Array(states).fill(1);
    let here = new Float64Array(states);
    for (let tick = this.sequence.length - 1; tick >= 1; tick--) {
      const [first, end] = this.span(tick);
      const scale = this.scales[tick] as number;
      for (let from = 0; from < states; from++) {
        const share = weights.tick * (this.filtered[(tick - 1) * states + from] as number);
        let sum = 0;
        for (let to = first; to < end; to++) {
          const cell = from * states + to;
          const gone = ((chances[cell] as number) * (after[to] as number)) / scale;
          counts[cell] = (counts[cell] as number) + share * gone;
          sum += gone;
        }
        here[from] = sum;
      }
      [after, here] = [here, after];
    }
    for (let state = 0; state < states; state++) {
      const share = (this.filtered[state] as number) * (after[state] as number);
      starts[state] = (starts[state] as number) + weights.start * share;
    }
  }

  private span(tick: number): readonly [first: number, end: number] {
    return this.sequence[tick] === 1 ? [this.model.offStates, this.model.states] : [0, this.model.offStates];
  }
}
