import { seededRng, type Clock, type Rng } from '@millrace/kernel';
import { StandingCycle, type PendingTask } from '@millrace/scheduling/policy';
import { SpeedTasks, speedQuotas, speedWorkers, type SpeedSize } from './speed-world.js';

/** Decisions of one cycle. */
export const DECISIONS_PER_CYCLE = 100;
const MINUTE_MS = 60_000;
const LAYOUT_SAMPLES = 2_000;

export interface SpeedFigures {
  /** Placements ÷ time in the cycle, over the filling of the empty cluster. */
  readonly fillingPerSecond: number;
  /** The same with the cluster full: for each cycle as many tasks end and come as it places. */
  readonly steadyPerSecond: number;
  /** The same by the time that the thread had a core: what else runs on the machine does not count. */
  readonly steadyPerCpuSecond: number;
  /** Placements and tasks that were looked at and told why they wait, by CPU time. */
  readonly lookedAtPerCpuSecond: number;
  /** With the time for what ended and came before the cycle. */
  readonly withUpdatesPerSecond: number;
  readonly cycleP50Ms: number;
  readonly cycleP99Ms: number;
  readonly cycleMaxMs: number;
  /** The same by CPU time. */
  readonly cycleCpuP50Ms: number;
  readonly cycleCpuP99Ms: number;
  readonly cycleCpuMaxMs: number;
  readonly placed: number;
  readonly gangsPlaced: number;
  readonly gpusBusyPercent: number;
  readonly buildMs: number;
}

type Standing = InstanceType<typeof StandingCycle>;
type Item = ReturnType<Standing['submit']>;
type SeatTier = NonNullable<Standing['cycle']['seats']['tier'][number]>;

/** What runs: an item with the seats of its members. */
interface Running {
  readonly item: Item;
  readonly nodes: readonly number[];
  readonly gpuMasks: readonly number[];
  readonly tiers: readonly SeatTier[];
}

interface Phase {
  placed: number;
  /** Tasks that were looked at and wait. */
  waits: number;
  cycleMs: number;
  cycleCpuMs: number;
  updateMs: number;
  readonly cyclesMs: number[];
  readonly cyclesCpuMs: number[];
}

/** The production decision cycle in a world of its own: seeded, without events or stores. */
export class SpeedRun {
  private readonly standing: Standing;
  private readonly tasks: SpeedTasks;
  private readonly rng: Rng;
  private readonly running: Running[] = [];
  private readonly buildMs: number;
  private gangsPlaced = 0;
  private nowMs = MINUTE_MS;

  constructor(
    private readonly size: SpeedSize,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    /** CPU time of this thread, ms. */
    private readonly cpuMs: () => number,
    seed: number,
  ) {
    this.rng = seededRng(seed);
    this.tasks = new SpeedTasks(size, this.rng);
    const beganMs = clock.monotonicMs();
    this.standing = newStanding(size);
    for (let waiting = 0; waiting < size.pending;) waiting += this.submit();
    this.buildMs = clock.monotonicMs() - beganMs;
  }

  /** Fills the cluster, then runs so many cycles with the cluster full. */
  measure(steadyCycles: number, progress: (text: string) => void): SpeedFigures {
    const filling = newPhase();
    while (this.cycle(filling) > 0) {
      if (filling.cyclesMs.length % 100 === 0) progress(`filling, ${filling.placed} tasks placed`);
    }
    while (this.standing.cycle.order.size < this.size.pending) this.submit();
    const steady = newPhase();
    for (let at = 0; at < steadyCycles; at++) {
      this.turnOver(steady);
      this.cycle(steady);
      if (at % 500 === 0) progress(`full, cycle ${at} of ${steadyCycles}`);
    }
    return this.figures(filling, steady);
  }

  /** As many tasks end and come as a cycle places. */
  private turnOver(phase: Phase): void {
    const coming: (readonly PendingTask[])[] = [];
    for (let ended = 0; ended < DECISIONS_PER_CYCLE;) {
      const members = this.tasks.next(this.nowMs);
      coming.push(members);
      ended += members.length;
    }
    const beganMs = this.clock.monotonicMs();
    for (let ended = 0; ended < DECISIONS_PER_CYCLE && this.running.length > 0;) ended += this.endOne();
    for (const members of coming) this.add(members);
    phase.updateMs += this.clock.monotonicMs() - beganMs;
    this.nowMs += 1_000;
  }

  private endOne(): number {
    const at = Math.floor(this.rng.next() * this.running.length);
    const ended = this.running[at];
    const last = this.running.pop();
    if (ended === undefined || last === undefined) return 0;
    if (at < this.running.length) this.running[at] = last;
    ended.nodes.forEach((node, member) => {
      const tier = ended.tiers[member];
      if (tier !== undefined) this.standing.release(node, ended.gpuMasks[member] ?? 0, tier);
    });
    this.standing.giveBack(ended.item);
    return ended.nodes.length;
  }

  private submit(): number {
    const members = this.tasks.next(this.nowMs);
    this.add(members);
    return members.length;
  }

  private add(members: readonly PendingTask[]): void {
    const [first] = members;
    if (first === undefined) return;
    if (first.gang === undefined) this.standing.submit(first);
    else this.standing.submitGang(members);
  }

  private cycle(phase: Phase): number {
    const cpuBeganMs = this.cpuMs();
    const beganMs = this.clock.monotonicMs();
    this.standing.run(this.nowMs, DECISIONS_PER_CYCLE);
    const tookMs = this.clock.monotonicMs() - beganMs;
    const cpuMs = this.cpuMs() - cpuBeganMs;
    const { seats, waits } = this.standing.cycle;
    const { count } = seats;
    phase.placed += count;
    for (const { item } of waits) phase.waits += item.members.length;
    phase.cycleCpuMs += cpuMs;
    phase.cyclesCpuMs.push(cpuMs);
    phase.cycleMs += tookMs;
    phase.cyclesMs.push(tookMs);
    this.collect();
    return count;
  }

  private collect(): void {
    const { seats } = this.standing.cycle;
    for (let at = 0; at < seats.count;) {
      const item = seats.items[at];
      if (item === undefined) return;
      const end = at + item.members.length;
      const tiers = seats.tier.slice(at, end).filter((tier) => tier !== null);
      this.running.push({ item, nodes: seats.node.slice(at, end), gpuMasks: seats.gpuMask.slice(at, end), tiers });
      if (item.within !== null) this.gangsPlaced += 1;
      at = end;
    }
  }

  private figures(filling: Phase, steady: Phase): SpeedFigures {
    const sorted = steady.cyclesMs.toSorted((a, b) => a - b);
    const sortedCpu = steady.cyclesCpuMs.toSorted((a, b) => a - b);
    const { capacity } = this.standing.board.table;
    return {
      fillingPerSecond: (1_000 * filling.placed) / filling.cycleMs,
      steadyPerSecond: (1_000 * steady.placed) / steady.cycleMs,
      steadyPerCpuSecond: (1_000 * steady.placed) / steady.cycleCpuMs,
      lookedAtPerCpuSecond: (1_000 * (steady.placed + steady.waits)) / steady.cycleCpuMs,
      withUpdatesPerSecond: (1_000 * steady.placed) / (steady.cycleMs + steady.updateMs),
      cycleP50Ms: quantile(sorted, 0.5),
      cycleP99Ms: quantile(sorted, 0.99),
      cycleMaxMs: quantile(sorted, 1),
      cycleCpuP50Ms: quantile(sortedCpu, 0.5),
      cycleCpuP99Ms: quantile(sortedCpu, 0.99),
      cycleCpuMaxMs: quantile(sortedCpu, 1),
      placed: filling.placed + steady.placed,
      gangsPlaced: this.gangsPlaced,
      gpusBusyPercent: 100 * (1 - capacity.freeGpuMilliTotal / capacity.totalGpuMilli),
      buildMs: this.buildMs,
    };
  }
}

function newStanding(size: SpeedSize): Standing {
  // The mix is what a scheduler has seen before: tasks of the same source, from another seed.
  const seen = new SpeedTasks(size, seededRng(7));
  const mix = Array.from({ length: LAYOUT_SAMPLES }, () => seen.next(0)).flatMap(([example]) =>
    example === undefined ? [] : [{ example, weight: 1 }],
  );
  return new StandingCycle(
    { workers: speedWorkers(size), quotas: speedQuotas(size) },
    { maxPlacements: DECISIONS_PER_CYCLE },
    { labelNames: [], mix },
  );
}

function newPhase(): Phase {
  return { placed: 0, waits: 0, cycleMs: 0, cycleCpuMs: 0, updateMs: 0, cyclesMs: [], cyclesCpuMs: [] };
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}
