import { FeedableGpu } from './feedable-gpu.js';
import { fillStep, GpuFill } from './gpu-fill.js';
import { GpuSets } from './gpu-sets.js';
import type { NodePotential } from './node-potential.js';
import type { WeightedClass } from './task-class.js';

/** Classes that count: the most popular ones. */
const EXPECTED_CLASSES_LIMIT = 512;
const VIEWS = 3;

interface Views {
  readonly fill: GpuFill;
  readonly byCpu: FeedableGpu;
  readonly byMemory: FeedableGpu;
  readonly sets: GpuSets;
}

/**
 * The production potential: minus the GPU thousandths that the tasks to come are expected to use of what is free on a
 * node. It goes beyond FGD (ATC '23), which asks whether one task of a class would still fit, in three views whose mean
 * it is: how far each GPU's free part will be filled by tasks of one GPU or less (`GpuFill`), how much of it the free CPU
 * and memory can feed (`FeedableGpu`, the shadow price of CPU), and what classes of several GPUs could take (`GpuSets`).
 * It has no fitted figure: all that it knows is the classes it was told to expect.
 */
export class ExpectedUse implements NodePotential {
  version = 0;
  private readonly kinds: number;
  private views: Views;

  /** `kinds`: number of node kinds. Without classes every node is worth the same. */
  constructor(classes: readonly WeightedClass[], kinds: number) {
    this.kinds = kinds;
    this.views = viewsOf(classes, kinds);
  }

  /** Expects these classes from now on; weights are relative. */
  expect(classes: readonly WeightedClass[]): void {
    this.views = viewsOf(classes, this.kinds);
    this.version += 1;
  }

  of(kind: number, cpuMilli: number, memoryMib: number, gpus: Int16Array, offset: number, gpuCount: number): number {
    let freeMilli = 0;
    for (let gpu = 0; gpu < gpuCount; gpu++) freeMilli += gpus[offset + gpu] ?? 0;
    if (freeMilli === 0) return 0;
    const { fill, byCpu, byMemory, sets } = this.views;
    const table = fill.table(kind, cpuMilli);
    let filled = 0;
    for (let gpu = 0; gpu < gpuCount; gpu++) filled += table[fillStep(gpus[offset + gpu] ?? 0)] ?? 0;
    const fed = Math.min(byCpu.share(kind, cpuMilli / freeMilli), byMemory.share(kind, memoryMib / freeMilli));
    const inSets = sets.use(kind, cpuMilli, memoryMib, gpus, offset, gpuCount);
    return -(filled + fed * freeMilli + inSets) / VIEWS;
  }
}

/** The most popular classes with weights that sum to at most 1: tasks without GPUs use none, but are among the tasks. */
function popularities(classes: readonly WeightedClass[]): readonly WeightedClass[] {
  const total = classes.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return [];
  return classes
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, EXPECTED_CLASSES_LIMIT)
    .map(({ taskClass, weight }) => ({ taskClass, weight: weight / total }));
}

function viewsOf(classes: readonly WeightedClass[], kinds: number): Views {
  const popular = popularities(classes);
  return {
    fill: new GpuFill(popular, kinds),
    byCpu: new FeedableGpu(popular, kinds, (demand) => demand.cpuMilli),
    byMemory: new FeedableGpu(popular, kinds, (demand) => demand.memoryMib),
    sets: new GpuSets(popular, kinds),
  };
}
