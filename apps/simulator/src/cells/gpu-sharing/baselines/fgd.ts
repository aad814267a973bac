import type { ClusterCapacity, TaskClass } from '@millrace/scheduling/policy';
import { bestFitGpus, scanPolicy, type NodeScore } from './score-scan.js';
import { typicalClasses, type TypicalClass } from './typical-classes.js';

const LACKS_BOTH = 0;
const LACKS_GPU = 1;
const FITS = 2;
const LACKS_CPU = 3;
const NEEDS_NO_GPU = 4;
const NEEDS_NO_GPU_LACKS_CPU = 5;
const NO_ACCESS = 6;
const CASES = 7;

/**
 * Fragmentation of a node (FGD, ATC '23, section 3.2): the mean over task classes, weighted by popularity, of the free
 * GPU thousandths that a task of the class could not use. It is all of them when the class does not fit or needs no
 * GPU, otherwise those of the GPUs that have less free than it needs of each. Summed case by case, as the published
 * simulator does: its scores are cut to whole points, where the order of a sum can show.
 * @param gpus free thousandths of the node's GPUs, the first `gpuCount` entries
 */
export function fragmentationMilli(
  typical: readonly TypicalClass[],
  kind: number,
  freeCpuMilli: number,
  gpus: Int16Array,
  gpuCount: number,
): number {
  let totalMilli = 0;
  for (let gpu = 0; gpu < gpuCount; gpu++) totalMilli += gpus[gpu] ?? 0;
  if (totalMilli === 0) return 0;
  sums.fill(0);
  for (let at = 0; at < typical.length; at++) {
    const one = typical[at];
    if (one !== undefined) addCase(one, kind, freeCpuMilli, gpus, gpuCount, totalMilli);
  }
  let fragmentation = 0;
  for (let at = 0; at < CASES; at++) if (at !== FITS) fragmentation += sums[at] ?? 0;
  return fragmentation;
}

const sums = new Float64Array(CASES);

function addCase(
  { taskClass, popularity }: TypicalClass,
  kind: number,
  freeCpuMilli: number,
  gpus: Int16Array,
  gpuCount: number,
  totalMilli: number,
): void {
  const hasCpu = freeCpuMilli >= taskClass.cpuMilli;
  if (taskClass.gpus === 0) return add(hasCpu ? NEEDS_NO_GPU : NEEDS_NO_GPU_LACKS_CPU, popularity * totalMilli);
  if (taskClass.kinds !== null && taskClass.kinds[kind] !== 1) return add(NO_ACCESS, popularity * totalMilli);
  let enough = 0;
  let tooSmallMilli = 0;
  for (let gpu = 0; gpu < gpuCount; gpu++) {
    const free = gpus[gpu] ?? 0;
    if (free >= taskClass.gpuMilli) enough += 1;
    else tooSmallMilli += free;
  }
  const hasGpu = enough >= taskClass.gpus;
  if (hasGpu && hasCpu) return add(LACKS_GPU, popularity * tooSmallMilli);
  add(hasGpu ? LACKS_CPU : hasCpu ? LACKS_GPU : LACKS_BOTH, popularity * totalMilli);
}

function add(at: number, milli: number): void {
  sums[at] = (sums[at] ?? 0) + milli;
}

/** Fragmentation gradient descent: the placement that adds least, with popularities of the whole pod list. */
export const fgd = scanPolicy('fgd', (workload, capacity) => new FgdScore(capacity, typicalClasses(workload)));

class FgdScore implements NodeScore {
  private readonly gpus: Int16Array;
  /** Fragmentation of each node as it is, and the shape that it was computed for. */
  private readonly present: Float64Array;
  private readonly presentShape: Int32Array;
  private readonly presentGeneration: Uint32Array;

  constructor(
    private readonly capacity: ClusterCapacity,
    private readonly typical: readonly TypicalClass[],
  ) {
    this.gpus = new Int16Array(capacity.stride);
    this.present = new Float64Array(capacity.nodeCount);
    this.presentShape = new Int32Array(capacity.nodeCount).fill(-1);
    this.presentGeneration = new Uint32Array(capacity.nodeCount);
  }

  score(node: number, task: TaskClass): number {
    if (task.gpus !== 1) return this.scoreWith(node, task, bestFitGpus(this.capacity, node, task));
    return this.scoreWith(node, task, this.gpuMask(node, task));
  }

  gpuMask(node: number, task: TaskClass): number {
    if (task.gpus !== 1 || task.gpuMilli === 1000) return bestFitGpus(this.capacity, node, task);
    const at = node * this.capacity.stride;
    let best = -1;
    let mask = 0;
    for (let gpu = 0; gpu < (this.capacity.gpuCount[node] ?? 0); gpu++) {
      if ((this.capacity.freeGpuMilli[at + gpu] ?? 0) < task.gpuMilli) continue;
      const score = this.scoreWith(node, task, 1 << gpu);
      if (score <= best) continue;
      best = score;
      mask = 1 << gpu;
    }
    return mask;
  }

  private scoreWith(node: number, task: TaskClass, gpuMask: number): number {
    const { capacity } = this;
    const kind = capacity.kind[node] ?? 0;
    const cpuMilli = capacity.freeCpuMilli[node] ?? 0;
    const gpuCount = capacity.gpuCount[node] ?? 0;
    const before = this.fragmentationNow(node, kind, cpuMilli, gpuCount);
    this.readGpus(node, gpuCount, gpuMask, task.gpuMilli);
    const after = fragmentationMilli(this.typical, kind, cpuMilli - task.cpuMilli, this.gpus, gpuCount);
    return Math.trunc(100 / (1 + Math.exp(-(before - after) / 1000)));
  }

  private fragmentationNow(node: number, kind: number, cpuMilli: number, gpuCount: number): number {
    const { shapeOf, shapes } = this.capacity;
    const shape = shapeOf[node] ?? 0;
    const generation = shapes.generation[shape] ?? 0;
    if (this.presentShape[node] !== shape || this.presentGeneration[node] !== generation) {
      this.presentShape[node] = shape;
      this.presentGeneration[node] = generation;
      this.readGpus(node, gpuCount, 0, 0);
      this.present[node] = fragmentationMilli(this.typical, kind, cpuMilli, this.gpus, gpuCount);
    }
    return this.present[node] ?? 0;
  }

  private readGpus(node: number, gpuCount: number, gpuMask: number, takenMilli: number): void {
    const at = node * this.capacity.stride;
    for (let gpu = 0; gpu < gpuCount; gpu++) {
      const taken = (gpuMask & (1 << gpu)) === 0 ? 0 : takenMilli;
      this.gpus[gpu] = (this.capacity.freeGpuMilli[at + gpu] ?? 0) - taken;
    }
  }
}
