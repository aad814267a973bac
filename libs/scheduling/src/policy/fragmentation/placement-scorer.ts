import { CandidateList } from './candidate-list.js';
import { GPU_MILLI, type ClusterCapacity } from './cluster-capacity.js';
import type { NodePotential } from './node-potential.js';
import { mayUse, type TaskClass } from './task-class.js';

/** Classes whose candidates are kept; beyond it, those of the class that was not asked for longest are dropped. */
const CANDIDATE_LISTS_LIMIT = 512;

/** A node and, as a bit mask, its GPUs. */
interface NodeChoice {
  node: number;
  gpuMask: number;
  /** What the placement adds to the node's potential, and the bias of the class against its kind. */
  cost: number;
}

/**
 * Chooses nodes by least increase of a node potential (scheduling.md section 1, "Placement"). Costs are computed once per
 * (class, shape), and a class's candidate list takes in only the shapes that came to life since it was last asked, so
 * that a decision does not look at all nodes. Among equal costs the lowest node index wins, among equal GPUs the lowest.
 */
export class PlacementScorer {
  private readonly capacity: ClusterCapacity;
  private readonly potential: NodePotential;
  private readonly lists = new Map<TaskClass, CandidateList>();
  private readonly scratch: Int16Array;
  private readonly choice: NodeChoice = { node: -1, gpuMask: 0, cost: 0 };
  private bestCost = 0;

  constructor(capacity: ClusterCapacity, potential: NodePotential) {
    this.capacity = capacity;
    this.potential = potential;
    this.scratch = new Int16Array(capacity.stride);
  }

  /**
   * The node and GPUs for one task of the class, or null when no node has room. Nothing is taken yet. The answer is one
   * object that the next call overwrites. Classes are told apart by identity.
   */
  choose(taskClass: TaskClass): NodeChoice | null {
    const list = this.listOf(taskClass);
    this.catchUp(list, taskClass);
    const shape = list.best();
    if (shape === -1) return null;
    const node = this.capacity.firstNode(shape);
    this.choice.node = node;
    this.choice.cost = list.costOf(shape);
    this.choice.gpuMask = this.gpuMask(taskClass, node, list.choiceOf(shape));
    return this.choice;
  }

  private listOf(taskClass: TaskClass): CandidateList {
    const known = this.lists.get(taskClass);
    if (known !== undefined) return known;
    if (this.lists.size >= CANDIDATE_LISTS_LIMIT) this.dropStalest();
    const made = new CandidateList(this.capacity);
    this.lists.set(taskClass, made);
    return made;
  }

  private dropStalest(): void {
    let stalest: TaskClass | undefined;
    let seen = Infinity;
    for (const [taskClass, list] of this.lists) {
      if (list.seenNews >= seen) continue;
      stalest = taskClass;
      seen = list.seenNews;
    }
    if (stalest !== undefined) this.lists.delete(stalest);
  }

  private catchUp(list: CandidateList, taskClass: TaskClass): void {
    if (list.version !== this.potential.version) list.clear();
    list.version = this.potential.version;
    const end = this.capacity.newsLength;
    if (list.seenNews === end) return;
    if (list.seenNews < 0 || this.capacity.newsAt(list.seenNews) === -1) {
      for (const shape of this.capacity.liveShapes()) this.consider(list, taskClass, shape);
    } else {
      for (let at = list.seenNews; at < end; at++) {
        const shape = this.capacity.newsAt(at);
        if ((this.capacity.shapes.nodeCount[shape] ?? 0) > 0) this.consider(list, taskClass, shape);
      }
    }
    list.seenNews = end;
  }

  private consider(list: CandidateList, taskClass: TaskClass, shape: number): void {
    if (!list.isKnown(shape)) {
      const choice = this.evaluate(taskClass, shape);
      const bias = taskClass.biases?.[this.capacity.shapes.kind[shape] ?? 0] ?? 0;
      list.learn(shape, this.bestCost + bias, choice);
    }
    list.add(shape);
  }

  /** Free thousandths of the GPU to use (0 for none) with its cost in `bestCost`; -1 when the class does not fit. */
  private evaluate(taskClass: TaskClass, shape: number): number {
    const shapes = this.capacity.shapes;
    const cpuMilli = (shapes.freeCpuMilli[shape] ?? 0) - taskClass.cpuMilli;
    const memoryMib = (shapes.freeMemoryMib[shape] ?? 0) - taskClass.memoryMib;
    const kind = shapes.kind[shape] ?? 0;
    const gpuCount = shapes.gpuCount[shape] ?? 0;
    if (cpuMilli < 0 || memoryMib < 0 || gpuCount < taskClass.gpus || !mayUse(taskClass, kind)) return -1;
    const at = shape * shapes.stride;
    const before = this.potential.of(
      kind,
      shapes.freeCpuMilli[shape] ?? 0,
      shapes.freeMemoryMib[shape] ?? 0,
      shapes.freeGpuMilli,
      at,
      gpuCount,
    );
    let best = -1;
    this.bestCost = Infinity;
    let last = -1;
    for (let gpu = 0; gpu + Math.max(1, taskClass.gpus) <= gpuCount || (gpu === 0 && taskClass.gpus === 0); gpu++) {
      const free = shapes.freeGpuMilli[at + gpu] ?? 0;
      if (taskClass.gpus > 0 && (free < taskClass.gpuMilli || free === last)) continue;
      last = free;
      this.afterTaking(shapes.freeGpuMilli, at, gpuCount, gpu, taskClass);
      const cost = this.potential.of(kind, cpuMilli, memoryMib, this.scratch, 0, gpuCount) - before;
      if (cost < this.bestCost) {
        this.bestCost = cost;
        best = free;
      }
      // Several GPUs: the tightest that fit. None: nothing to choose.
      if (taskClass.gpus !== 1) return taskClass.gpus === 0 ? 0 : best;
    }
    return best;
  }

  /** The sorted GPUs once the class took its share of those from `from` on. */
  private afterTaking(gpus: Int16Array, at: number, gpuCount: number, from: number, taskClass: TaskClass): void {
    const scratch = this.scratch;
    for (let gpu = 0; gpu < gpuCount; gpu++) {
      const taken = gpu >= from && gpu < from + taskClass.gpus ? taskClass.gpuMilli : 0;
      const free = (gpus[at + gpu] ?? 0) - taken;
      let place = gpu;
      for (; place > 0 && (scratch[place - 1] ?? 0) > free; place--) scratch[place] = scratch[place - 1] ?? 0;
      scratch[place] = free;
    }
  }

  private gpuMask(taskClass: TaskClass, node: number, freeMilli: number): number {
    if (taskClass.gpus === 0) return 0;
    if (taskClass.gpus === 1 || taskClass.gpuMilli === GPU_MILLI) {
      return this.capacity.gpusWith(node, freeMilli, taskClass.gpus);
    }
    return this.capacity.tightestGpus(node, taskClass.gpuMilli, taskClass.gpus);
  }
}
