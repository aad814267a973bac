import { invariant } from '@millrace/kernel';

/**
 * Regimes of Spot capacity in a zone: a Markov chain whose states cannot be seen, only whether capacity is there. A state
 * belongs to one of both, off states first. It tells calm from flicker and a gap from a drought, which the age of a run
 * alone does not: one tick of capacity means another thing in a drought than in the middle of a calm week.
 */
export interface SpotRegimes {
  readonly offStates: number;
  /** Share of each state where a watch begins. */
  readonly startShares: readonly number[];
  /** `chances[from][to]` of one tick. */
  readonly chances: readonly (readonly number[])[];
}

/** Zones that a programme tells apart at a time. */
export const ZONES_TRACKED_MAX = 4;

/** Of so many zones a programme tells the finer regimes apart; of four the coarser, with 1.8 times the joint states. */
export const FINE_ZONES_MAX = 3;

/** What is known of Spot capacity before a zone's own past, for planners of few zones and of many. */
export interface RegimeFit {
  readonly tickSeconds: number;
  readonly fine: SpotRegimes;
  /** Fewer states, for more zones at a time. */
  readonly coarse: SpotRegimes;
}

/**
 * The fit's chances weigh as much as this many ticks of a zone's own in each state. The optimum is flat, and lies between
 * trusting the fit alone, which fails where a zone is like none of its environments, and quick learning, which forgets
 * that regimes come back.
 */
const FIT_WEIGHT_TICKS = 100;

/** What one more tick may show, and what is then believed. */
export interface RegimeOutcome {
  readonly on: boolean;
  readonly chance: number;
  readonly belief: Float64Array;
}

/**
 * One zone as it is watched: how likely each state is by now, and how often the zone is thought to have gone from each to
 * each (the filter's expected counts, a Dirichlet posterior around the fit).
 */
export class RegimeWatch {
  readonly states: number;
  /** Share of each state by now; undefined before the first tick. */
  private shares: Float64Array | undefined;
  private readonly counts: Float64Array;
  /** Posterior chances by rows. */
  private readonly chances: Float64Array;

  constructor(private readonly regimes: SpotRegimes) {
    this.states = regimes.chances.length;
    this.counts = new Float64Array(this.states * this.states);
    this.chances = Float64Array.from(regimes.chances.flat());
  }

  get offStates(): number {
    return this.regimes.offStates;
  }

  /** What is believed by now: a share for each state. */
  get belief(): Float64Array {
    invariant(this.shares !== undefined, 'a zone must be seen before it is planned with');
    return this.shares;
  }

  /** Chance of `to` one tick after `from`. */
  chance(from: number, to: number): number {
    return this.chances[from * this.states + to] ?? 0;
  }

  /** Learns from one tick of the zone. */
  observe(on: boolean): void {
    if (this.shares === undefined) {
      this.shares = this.normed(Float64Array.from(this.regimes.startShares), on).belief;
      return;
    }
    const before = this.shares;
    const { belief, chance } = this.ahead(before, on);
    if (chance > 0) this.count(before, on, chance);
    this.shares = belief;
  }

  /** The chance to see `on` one tick after `belief`, and what is believed then. */
  ahead(belief: Float64Array, on: boolean): RegimeOutcome {
    const next = new Float64Array(this.states);
    for (let from = 0; from < this.states; from++) {
      const share = belief[from] ?? 0;
      for (let to = 0; to < this.states; to++) next[to] = (next[to] ?? 0) + share * this.chance(from, to);
    }
    return this.normed(next, on);
  }

  /** `shares` of the states that agree with what is seen, as a whole. */
  private normed(shares: Float64Array, on: boolean): RegimeOutcome {
    const [first, end] = this.span(on);
    const belief = new Float64Array(this.states);
    let chance = 0;
    for (let state = first; state < end; state++) chance += shares[state] ?? 0;
    for (let state = first; state < end; state++) {
      // What the chain holds impossible tells nothing on the state.
      belief[state] = chance > 0 ? (shares[state] ?? 0) / chance : 1 / (end - first);
    }
    return { on, chance, belief };
  }

  private count(before: Float64Array, on: boolean, seen: number): void {
    const [first, end] = this.span(on);
    for (let from = 0; from < this.states; from++) {
      let total = FIT_WEIGHT_TICKS;
      for (let to = 0; to < this.states; to++) {
        const cell = from * this.states + to;
        const gone = to >= first && to < end ? ((before[from] ?? 0) * this.chance(from, to)) / seen : 0;
        this.counts[cell] = (this.counts[cell] ?? 0) + gone;
        total += this.counts[cell] ?? 0;
      }
      const fitted = this.regimes.chances[from] ?? [];
      for (let to = 0; to < this.states; to++) {
        const cell = from * this.states + to;
        this.chances[cell] = (FIT_WEIGHT_TICKS * (fitted[to] ?? 0) + (this.counts[cell] ?? 0)) / total;
      }
    }
  }

  private span(on: boolean): readonly [first: number, end: number] {
    return on ? [this.offStates, this.states] : [0, this.offStates];
  }
}
