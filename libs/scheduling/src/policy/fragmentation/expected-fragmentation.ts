import type { NodePotential } from './node-potential.js';
import { mayUse, type WeightedClass } from './task-class.js';

/**
 * Expected fragmentation of a node (FGD, ATC '23, section 3): the mean over task classes, weighted by popularity, of the
 * free GPU thousandths that a task of that class could not use there. A class that does not fit at all, or needs no
 * GPU, can use none of it; one that fits cannot use the GPUs that have less free than it needs of each.
 */
export class ExpectedFragmentation implements NodePotential {
  readonly version = 0;
  private readonly cpuMilli: Int32Array;
  private readonly gpuMilli: Int32Array;
  private readonly gpus: Int32Array;
  private readonly popularity: Float64Array;
  private readonly allowed: Uint8Array;
  private readonly classCount: number;

  /** `kinds`: number of node kinds. */
  constructor(classes: readonly WeightedClass[], kinds: number) {
    const byGpuMilli = classes.toSorted((a, b) => b.taskClass.gpuMilli - a.taskClass.gpuMilli);
    const total = classes.reduce((sum, one) => sum + one.weight, 0);
    this.classCount = classes.length;
    this.cpuMilli = Int32Array.from(byGpuMilli, (one) => one.taskClass.cpuMilli);
    this.gpuMilli = Int32Array.from(byGpuMilli, (one) => one.taskClass.gpuMilli);
    this.gpus = Int32Array.from(byGpuMilli, (one) => one.taskClass.gpus);
    this.popularity = Float64Array.from(byGpuMilli, (one) => one.weight / total);
    this.allowed = new Uint8Array(classes.length * kinds);
    byGpuMilli.forEach((one, at) => {
      for (let kind = 0; kind < kinds; kind++)
        this.allowed[kind * classes.length + at] = mayUse(one.taskClass, kind) ? 1 : 0;
    });
  }

  of(
    kind: number,
    freeCpuMilli: number,
    _memoryMib: number,
    gpus: Int16Array,
    offset: number,
    gpuCount: number,
  ): number {
    let free = 0;
    for (let gpu = 0; gpu < gpuCount; gpu++) free += gpus[offset + gpu] ?? 0;
    if (free === 0) return 0;
    const allowedAt = kind * this.classCount;
    // Classes come with the largest share first, so the GPUs that are large enough only grow in number.
    let enough = 0;
    let usable = 0;
    let used = 0;
    for (let at = 0; at < this.classCount; at++) {
      const need = this.gpuMilli[at] ?? 0;
      if (need === 0) break;
      for (; enough < gpuCount && (gpus[offset + gpuCount - 1 - enough] ?? 0) >= need; enough++) {
        usable += gpus[offset + gpuCount - 1 - enough] ?? 0;
      }
      if (enough < (this.gpus[at] ?? 0) || freeCpuMilli < (this.cpuMilli[at] ?? 0)) continue;
      if (this.allowed[allowedAt + at] === 1) used += (this.popularity[at] ?? 0) * usable;
    }
    return free - used;
  }
}
