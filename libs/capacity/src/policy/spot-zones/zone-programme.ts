import type { JointChain } from './joint-chain.js';

/** What a zone programme is solved for. Times are in ticks and prices in dollars a tick. */
export interface ZoneProblem {
  readonly chain: JointChain;
  /** Spot price of each zone of the chain. */
  readonly spotPrices: readonly number[];
  readonly onDemandPrice: number;
  readonly changeoverTicks: number;
  /** Chance, in each tick, that no zone of the chain will have Spot capacity again before the deadline. */
  readonly lossChance: number;
  /** Work and slack (time left less work left) at the start. */
  readonly workTicks: number;
  readonly slackTicks: number;
  /** The programme answers for this many ticks, in which work and slack fall by one each at most. */
  readonly horizonTicks: number;
}

/** Where a job stands in a programme. */
export interface ZoneStand {
  readonly joint: number;
  readonly workTicks: number;
  readonly slackTicks: number;
  /** `IDLE`, `ON_DEMAND`, or `FIRST_ZONE` plus a zone's index. */
  readonly running: number;
  readonly pendingTicks: number;
}

/** Modes of a programme by number; `FIRST_ZONE` + z is Spot in zone z. */
export const IDLE = 0;
export const ON_DEMAND = 1;
export const FIRST_ZONE = 2;

const EPSILON = 1e-9;

/**
 * Cells that a programme may go through: about two seconds of CPU. Two days of three zones have 42 million, of four zones
 * (five states each) 92.
 */
export const PROGRAMME_CELLS_MAX = 120_000_000;

/** A (work, slack) of few zones and states takes as long as one of so many cells. */
const LEAST_CELLS = 120;

/** Cells of the programme of a job at this stand: work × slack × modes × joint states. */
export function programmeCells(
  { workTicks, slackTicks }: Pick<ZoneStand, 'workTicks' | 'slackTicks'>,
  zones: number,
  joints: number,
): number {
  return stepsOf(workTicks) * (stepsOf(slackTicks) + 1) * Math.max(LEAST_CELLS, (FIRST_ZONE + zones) * joints);
}

function stepsOf(ticks: number): number {
  return Math.max(1, Math.ceil(ticks - EPSILON));
}

/**
 * Backward induction over (work left, slack left, mode, joint state of the zones). A tick with progress takes one from
 * the work, a tick of waiting one from the slack, a launch d; a state between ticks is read between its neighbours.
 * The chain is the same in every tick, so that time itself is no part of the state. From every state on-demand capacity
 * alone must still keep the deadline; what the approximation of the last ticks lets through, the guard stops.
 *
 * Only means over the next tick are kept, one vector over the joint states for each (work, slack, mode) that the
 * horizon can reach.
 */
export class ZoneProgramme {
  private readonly joints: number;
  /** Price of each mode. */
  private readonly prices: readonly number[];
  private readonly slackSteps: number;
  private readonly workSteps: number;
  private readonly workKept: number;
  private readonly slackKept: number;
  private readonly kept: Float32Array;
  /** Floats of one (work, slack), and of one work level, in a row of means. */
  private readonly cell: number;

  /** @throws RangeError where it has more than `PROGRAMME_CELLS_MAX` cells. */
  constructor(private readonly problem: ZoneProblem) {
    this.joints = problem.chain.size;
    this.prices = [0, problem.onDemandPrice, ...problem.spotPrices];
    this.cell = this.prices.length * this.joints;
    this.slackSteps = stepsOf(problem.slackTicks);
    this.workSteps = stepsOf(problem.workTicks);
    if (programmeCells(problem, problem.spotPrices.length, this.joints) > PROGRAMME_CELLS_MAX) {
      throw new RangeError(`A job of ${this.workSteps} ticks of work and ${this.slackSteps} of slack is too long.`);
    }
    this.workKept = Math.max(0, this.workSteps - problem.horizonTicks - 2);
    this.slackKept = Math.max(0, this.slackSteps - Math.ceil(problem.horizonTicks + problem.changeoverTicks) - 2);
    const works = this.workSteps - this.workKept + 1;
    this.kept = new Float32Array(works * (this.slackSteps - this.slackKept + 1) * this.cell);
    this.solve();
  }

  /** Expected dollars of `mode` in this tick and of the best choices after it; Infinity where it can't be had. */
  cost(stand: ZoneStand, mode: number): number {
    const { workTicks: work, slackTicks: slack, joint } = stand;
    if (mode === IDLE) return this.mean(work, slack - 1, IDLE, joint);
    if (!this.has(mode, joint)) return Infinity;
    const price = this.prices[mode] ?? Infinity;
    const pending = stand.running === mode ? stand.pendingTicks : this.problem.changeoverTicks;
    if (pending < 1) return price * (1 + pending) + this.mean(work - 1, slack - pending, mode, joint);
    return price * pending + this.mean(work, slack - pending, mode, joint);
  }

  private has(mode: number, joint: number): boolean {
    return mode === ON_DEMAND || this.problem.chain.on[(mode - FIRST_ZONE) * this.joints + joint] === 1;
  }

  private solve(): void {
    const size = (this.slackSteps + 1) * this.cell;
    let below = new Float64Array(size);
    let here = new Float64Array(size);
    this.keep(0, below);
    const free = new Float64Array(this.joints);
    const value = new Float64Array(this.joints);
    const onDemand = this.problem.onDemandPrice;
    for (let work = 1; work <= this.workSteps; work++) {
      for (let slack = 0; slack <= this.slackSteps; slack++) {
        this.freeValues(slack, below, here, free);
        this.lookAhead(free, this.vector(here, slack, IDLE), (work + this.problem.changeoverTicks) * onDemand);
        for (let mode = ON_DEMAND; mode < this.prices.length; mode++) {
          this.runningValues(mode, this.vector(below, slack, mode), free, value);
          const launch = mode === ON_DEMAND ? 0 : this.problem.changeoverTicks;
          this.lookAhead(value, this.vector(here, slack, mode), (work + launch) * onDemand);
        }
      }
      this.keep(work, here);
      [here, below] = [below, here];
    }
  }

  /** Means of `values` over the next tick, in which Spot capacity may also be lost for good, at `lostUsd`. */
  private lookAhead(values: Float64Array, means: Float64Array, lostUsd: number): void {
    const { chain, lossChance } = this.problem;
    chain.expect(values, means);
    for (let joint = 0; joint < means.length; joint++) {
      const mean = means[joint] as number;
      means[joint] = mean + lossChance * (lostUsd - mean);
    }
  }

  private vector(row: Float64Array, slack: number, mode: number): Float64Array {
    const start = slack * this.cell + mode * this.joints;
    return row.subarray(start, start + this.joints);
  }

  /** Nothing runs: wait, or launch. A launch of less than a tick makes progress at once. */
  private freeValues(slack: number, below: Float64Array, here: Float64Array, free: Float64Array): void {
    const { changeoverTicks: changeover } = this.problem;
    const slow = changeover >= 1 - EPSILON;
    const base = slow ? 0 : 1;
    const after = Math.max(0, slack - changeover);
    const low = Math.floor(after + EPSILON);
    const part = Math.max(0, after - low);
    const row = slow && low < slack ? here : below;
    if (slack >= 1 + changeover - EPSILON) free.set(this.vector(here, slack - 1, IDLE));
    else free.fill(Infinity);
    for (let mode = ON_DEMAND; mode < this.prices.length; mode++) {
      if (mode !== ON_DEMAND && slack < 2 * changeover - EPSILON) continue;
      const price = (this.prices[mode] ?? Infinity) * (changeover + base);
      const lower = this.vector(row, low, mode);
      const upper = part === 0 || low + 1 >= slack + base ? lower : this.vector(row, low + 1, mode);
      this.launch(mode, price, lower, upper, part, free);
    }
  }

  /** `free` becomes the lesser of itself and of a launch. */
  private launch(
    mode: number,
    price: number,
    lower: Float64Array,
    upper: Float64Array,
    part: number,
    free: Float64Array,
  ): void {
    const { on } = this.problem.chain;
    const first = (mode - FIRST_ZONE) * this.joints;
    for (let joint = 0; joint < this.joints; joint++) {
      if (mode !== ON_DEMAND && on[first + joint] !== 1) continue;
      const then = lower[joint] as number;
      const cost = price + then + part * ((upper[joint] as number) - then);
      if (cost < (free[joint] as number)) free[joint] = cost;
    }
  }

  /** An instance runs: keep it, or do what would be done without it. */
  private runningValues(mode: number, stay: Float64Array, free: Float64Array, value: Float64Array): void {
    const { on } = this.problem.chain;
    const first = (mode - FIRST_ZONE) * this.joints;
    const price = this.prices[mode] ?? Infinity;
    for (let joint = 0; joint < this.joints; joint++) {
      const leave = free[joint] as number;
      const cost = price + (stay[joint] as number);
      value[joint] = cost < leave && (mode === ON_DEMAND || on[first + joint] === 1) ? cost : leave;
    }
  }

  private keep(work: number, row: Float64Array): void {
    if (work < this.workKept) return;
    const size = (this.slackSteps - this.slackKept + 1) * this.cell;
    this.kept.set(row.subarray(this.slackKept * this.cell), (work - this.workKept) * size);
  }

  /** A kept mean between its neighbours in work and slack. */
  private mean(work: number, slack: number, mode: number, joint: number): number {
    if (work <= EPSILON) return 0;
    // A started tick is charged whole, so that less than a tick of work costs as much as one.
    const inWork = Math.min(this.workSteps, Math.max(1, this.workKept, work));
    const inSlack = Math.min(this.slackSteps, Math.max(this.slackKept, slack));
    const [w, s] = [Math.floor(inWork), Math.floor(inSlack)];
    const lower = this.between(w, s, inSlack - s, mode, joint);
    if (inWork === w) return lower;
    return lower + (inWork - w) * (this.between(w + 1, s, inSlack - s, mode, joint) - lower);
  }

  private between(work: number, slack: number, part: number, mode: number, joint: number): number {
    const size = (this.slackSteps - this.slackKept + 1) * this.cell;
    const at = (work - this.workKept) * size + (slack - this.slackKept) * this.cell + mode * this.joints + joint;
    const lower = this.kept[at] ?? Infinity;
    return part === 0 ? lower : lower + part * ((this.kept[at + this.cell] ?? Infinity) - lower);
  }
}
