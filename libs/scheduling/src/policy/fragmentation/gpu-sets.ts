import { mayUse, type TaskClass, type WeightedClass } from './task-class.js';

/**
 * How much of a node's free GPU the classes of several GPUs could use: what keeps whole nodes together for the 8-GPU
 * shape. Per class the mean of two views, weighted by popularity: all of the GPUs that are free enough, once as many of
 * them as it needs are (FGD's view), and what copies of it would take.
 */
export class GpuSets {
  private readonly byKind: (readonly WeightedClass[] | undefined)[];
  private readonly classes: readonly WeightedClass[];
  /** A node whose second freest GPU has less than this can use nothing. */
  private readonly leastMilli: number;

  /** Popularities are weights that sum to at most 1; classes of fewer than two GPUs are passed over. */
  constructor(classes: readonly WeightedClass[], kinds: number) {
    this.classes = classes.filter(({ taskClass }) => taskClass.gpus > 1);
    this.leastMilli = this.classes.reduce((least, { taskClass }) => Math.min(least, taskClass.gpuMilli), Infinity);
    this.byKind = new Array<readonly WeightedClass[] | undefined>(kinds);
  }

  /** In GPU thousandths; the shape's GPUs are sorted in ascending order, as in a NodePotential. */
  use(kind: number, cpuMilli: number, memoryMib: number, gpus: Int16Array, offset: number, gpuCount: number): number {
    if (gpuCount < 2 || (gpus[offset + gpuCount - 2] ?? 0) < this.leastMilli) return 0;
    const classes = (this.byKind[kind] ??= this.classes.filter(({ taskClass }) => mayUse(taskClass, kind)));
    let use = 0;
    for (let at = 0; at < classes.length; at++) {
      const one = classes[at];
      if (one === undefined) continue;
      const { taskClass } = one;
      if (cpuMilli < taskClass.cpuMilli || memoryMib < taskClass.memoryMib) continue;
      let enough = 0;
      let freeMilli = 0;
      for (let gpu = offset + gpuCount - 1; gpu >= offset && (gpus[gpu] ?? 0) >= taskClass.gpuMilli; gpu--) {
        enough += 1;
        freeMilli += gpus[gpu] ?? 0;
      }
      if (enough < taskClass.gpus) continue;
      const taken = copiesOf(taskClass, enough, cpuMilli, memoryMib) * taskClass.gpus * taskClass.gpuMilli;
      use += (one.weight * (freeMilli + taken)) / 2;
    }
    return use;
  }
}

function copiesOf(taskClass: TaskClass, gpus: number, cpuMilli: number, memoryMib: number): number {
  const byGpu = Math.floor(gpus / taskClass.gpus);
  const byCpu = taskClass.cpuMilli === 0 ? byGpu : Math.floor(cpuMilli / taskClass.cpuMilli);
  const byMemory = taskClass.memoryMib === 0 ? byGpu : Math.floor(memoryMib / taskClass.memoryMib);
  return Math.min(byGpu, byCpu, byMemory);
}
