import type { JointChain } from './joint-chain.js';

/** What a zone programme is solved for. Times are in ticks and prices in dollars a tick. */
export interface ZoneProblem {
  readonly chain: JointChain;
  /** Spot price of each zone of the chain. */
  readonly spotPrices: readonly number[];
  readonly onDemandPrice: number;
  readonly changeoverTicks: number;
  /** Work and slack (time left less work left) that are left at most. */
  readonly workTicks: number;
  readonly slackTicks: number;
  /** The programme answers for this many ticks, during which work and slack fall by one each at most. */
  readonly horizonTicks: number;
}

/** Expected cost in dollars of each choice, everything that follows included. */
export interface ZoneCosts {
  readonly idle: number;
  readonly onDemand: number;
  /** Infinity where the zone has no capacity. */
  readonly spot: readonly number[];
}

/** Where a job stands; `running` is −1 for nothing, 0 for on-demand, and a zone's index plus 1 for Spot. */
export interface ZoneStand {
  readonly joint: number;
  readonly workTicks: number;
  readonly slackTicks: number;
  readonly running: number;
  readonly pendingTicks: number;
}

const FREE = 0;
const ON_DEMAND = 1;
const GRID_MAX = 4_000_000;

/**
 * Backward induction over (work left, slack left, what runs, joint state of the zones). Work falls by one in a tick
 * that makes progress, slack by one in a tick that waits, and by d in a launch; the state after a fraction of a tick is
 * taken between its neighbours. Only means over the next tick are kept, and only of states that the next
 * `horizonTicks` can reach.
 */
export class ZoneProgramme {
  private readonly joints: number;
  private readonly modes: number;
  /** Whole ticks and the fraction of a tick that a launch takes. */
  private readonly launchTicks: number;
  private readonly launchPart: number;
  private readonly slackSteps: number;
  private readonly slackKept: number;
  private readonly workKept: number;
  /** `kept[(work − lowest) · (slack + 1) + slack − lowest]`: per mode and level the means over the next tick. */
  private readonly kept = new Map<number, readonly Float64Array[]>();
  private readonly prices: readonly number[];

  constructor(private readonly problem: ZoneProblem) {
    this.joints = problem.chain.size;
    this.prices = [0, problem.onDemandPrice, ...problem.spotPrices];
    this.modes = this.prices.length;
    this.launchTicks = Math.floor(problem.changeoverTicks + 1e-9);
    this.launchPart = Math.max(0, problem.changeoverTicks - this.launchTicks);
    this.slackSteps = Math.max(0, Math.ceil(problem.slackTicks - 1e-9));
    const workSteps = Math.ceil(problem.workTicks - 1e-9);
    if ((this.slackSteps + 1) * (workSteps + 1) > GRID_MAX) throw new RangeError('The job has too many ticks.');
    this.workKept = Math.max(0, workSteps - problem.horizonTicks - 2);
    this.slackKept = Math.max(0, this.slackSteps - problem.horizonTicks - this.launchTicks - 3);
    this.solve(workSteps);
  }

  /** Rows of one work level: per slack and layer a vector over the joint states. */
  private row(): Float64Array[][] {
    const layers = this.layers();
    return Array.from({ length: this.slackSteps + 1 }, () =>
      Array.from({ length: layers }, () => new Float64Array(this.joints)),
    );
  }

  /** Layers: means of each mode; then means of each launch level of each mode; then raw values of each mode. */
  private layers(): number {
    return this.modes + (this.modes - 1) * this.launchTicks;
  }

  private launchLayer(mode: number, level: number): number {
    return this.modes + (mode - 1) * this.launchTicks + level;
  }

  private solve(workSteps: number): void {
    let below = this.row();
    let here = this.row();
    const values = Array.from({ length: this.slackSteps + 1 }, () =>
      Array.from({ length: this.modes }, () => new Float64Array(this.joints)),
    );
    const scratch = new Float64Array(this.joints);
    for (let work = 0; work <= workSteps; work++) {
      for (let slack = 0; slack <= this.slackSteps; slack++) {
        if (work === 0) {
          for (const layer of here[slack] ?? []) layer.fill(0);
        } else {
          this.solveState(slack, here, below, values, scratch);
        }
        if (work >= this.workKept && slack >= this.slackKept) this.keep(work, slack, here);
      }
      [here, below] = [below, here];
    }
  }

  private keep(work: number, slack: number, here: Float64Array[][]): void {
    this.kept.set(
      work * (this.slackSteps + 1) + slack,
      (here[slack] ?? []).map((layer) => layer.slice()),
    );
  }

  /** Values of one (work, slack), then their means. `here` already holds every lower slack of this work. */
  private solveState(
    slack: number,
    here: Float64Array[][],
    below: Float64Array[][],
    values: Float64Array[][],
    scratch: Float64Array,
  ): void {
    const { chain } = this.problem;
    const mine = values[slack] as Float64Array[];
    const means = here[slack] as Float64Array[];
    const lower = slack > 0 ? (here[slack - 1] as Float64Array[]) : undefined;
    const done = below[slack] as Float64Array[];
    const doneLower = below[Math.max(0, slack - 1)] as Float64Array[];
    const free = mine[FREE] as Float64Array;
    this.freeValues(slack, free, lower, done, doneLower);
    for (let mode = 1; mode < this.modes; mode++) {
      const price = this.prices[mode] as number;
      const mean = done[mode] as Float64Array;
      const value = mine[mode] as Float64Array;
      const on = mode - 2;
      for (let joint = 0; joint < this.joints; joint++) {
        const stay = price + (mean[joint] as number);
        const leave = free[joint] as number;
        const there = mode === ON_DEMAND || chain.on[on * this.joints + joint] === 1;
        value[joint] = there && stay < leave ? stay : leave;
      }
      chain.expect(value, means[mode] as Float64Array);
    }
    chain.expect(free, means[FREE] as Float64Array);
    this.launchMeans(slack, values, means, lower, scratch);
  }

  /** Nothing runs: wait, or launch. */
  private freeValues(
    slack: number,
    free: Float64Array,
    lower: Float64Array[] | undefined,
    done: Float64Array[],
    doneLower: Float64Array[],
  ): void {
    const { chain, changeoverTicks } = this.problem;
    const canWait = slack - 1 >= changeoverTicks - 1e-9 && lower !== undefined;
    if (canWait) free.set(lower[FREE] as Float64Array);
    else free.fill(Infinity);
    for (let mode = 1; mode < this.modes; mode++) {
      if (mode !== ON_DEMAND && !canWait) continue;
      const on = mode - 2;
      for (let joint = 0; joint < this.joints; joint++) {
        if (mode !== ON_DEMAND && chain.on[on * this.joints + joint] !== 1) continue;
        const cost = this.launchCost(mode, joint, lower, done, doneLower);
        if (cost < (free[joint] as number)) free[joint] = cost;
      }
    }
  }

  private launchCost(
    mode: number,
    joint: number,
    lower: Float64Array[] | undefined,
    done: Float64Array[],
    doneLower: Float64Array[],
  ): number {
    const price = this.prices[mode] as number;
    if (this.launchTicks > 0) {
      const layer = (lower ?? doneLower)[lower === undefined ? mode : this.launchLayer(mode, this.launchTicks - 1)];
      return price * (lower === undefined ? this.launchTicks + 1 : 1) + ((layer as Float64Array)[joint] as number);
    }
    const whole = (done[mode] as Float64Array)[joint] as number;
    const part = (doneLower[mode] as Float64Array)[joint] as number;
    return price * (1 + this.launchPart) + whole + this.launchPart * (part - whole);
  }

  /** Means over the next tick of an instance that still has `level` whole ticks and the part of its launch to go. */
  private launchMeans(
    slack: number,
    values: Float64Array[][],
    means: Float64Array[],
    lower: Float64Array[] | undefined,
    scratch: Float64Array,
  ): void {
    const { chain } = this.problem;
    const free = (values[slack] as Float64Array[])[FREE] as Float64Array;
    for (let mode = 1; mode < this.modes; mode++) {
      const price = this.prices[mode] as number;
      const whole = (values[slack] as Float64Array[])[mode] as Float64Array;
      const part = (values[Math.max(0, slack - 1)] as Float64Array[])[mode] as Float64Array;
      for (let level = 0; level < this.launchTicks; level++) {
        const next = lower?.[this.launchLayer(mode, Math.max(0, level - 1))];
        for (let joint = 0; joint < this.joints; joint++) {
          const there = mode === ON_DEMAND || chain.on[(mode - 2) * this.joints + joint] === 1;
          const running =
            level === 0
              ? price * this.launchPart + (whole[joint] as number) + this.launchPart * ((part[joint] as number) - (whole[joint] as number))
              : price + (next === undefined ? (whole[joint] as number) : (next[joint] as number));
          const leave = free[joint] as number;
          scratch[joint] = there && (mode === ON_DEMAND || running < leave) ? running : leave;
        }
        chain.expect(scratch, means[this.launchLayer(mode, level)] as Float64Array);
      }
    }
  }

  /** Cost of each choice from a state within the horizon. */
  costs(stand: ZoneStand): ZoneCosts {
    const spot = this.problem.spotPrices.map((_, zone) =>
      this.problem.chain.on[zone * this.joints + stand.joint] === 1 ? this.runCost(stand, zone + 2) : Infinity,
    );
    return { idle: this.mean(stand, stand.workTicks, stand.slackTicks - 1, FREE), onDemand: this.runCost(stand, ON_DEMAND), spot };
  }

  private runCost(stand: ZoneStand, mode: number): number {
    const price = this.prices[mode] as number;
    if (stand.running === mode - 1) {
      const pending = stand.pendingTicks;
      return price * (1 + pending) + this.mean(stand, stand.workTicks - 1, stand.slackTicks - pending, mode);
    }
    if (this.launchTicks === 0) {
      return price * (1 + this.launchPart) + this.mean(stand, stand.workTicks - 1, stand.slackTicks - this.launchPart, mode);
    }
    return price + this.mean(stand, stand.workTicks, stand.slackTicks - 1, this.launchLayer(mode, this.launchTicks - 1));
  }

  /** A kept mean between grid points. */
  private mean(stand: ZoneStand, work: number, slack: number, layer: number): number {
    if (work <= 0) return 0;
    const clamped = Math.min(this.slackSteps, Math.max(this.slackKept, slack));
    const [w, s] = [Math.floor(work), Math.floor(clamped)];
    const [pw, ps] = [work - w, clamped - s];
    const at = (a: number, b: number): number => {
      const layers = this.kept.get(a * (this.slackSteps + 1) + Math.min(this.slackSteps, b));
      return layers?.[layer]?.[stand.joint] ?? NaN;
    };
    const low = at(w, s) * (1 - ps) + (ps > 0 ? at(w, s + 1) * ps : 0);
    if (pw === 0) return low;
    return low * (1 - pw) + (at(w + 1, s) * (1 - ps) + (ps > 0 ? at(w + 1, s + 1) * ps : 0)) * pw;
  }
}
