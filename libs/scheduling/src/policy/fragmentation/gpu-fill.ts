import { mayUse, type WeightedClass } from './task-class.js';

/**
 * Further tasks that a free part is offered to, in the mean. With many, half-filled GPUs seem to be worth keeping for a
 * perfect fit; they are not where those are many and the tasks to come are few.
 */
const OFFERS_MEAN = 10;
/** Free parts are told apart in steps of this many thousandths: demands are rounded up, what is free down. */
const STEP_MILLI = 10;
const STEPS = 1000 / STEP_MILLI;
/** CPU amounts that are told apart: beyond it every second one is left out, and so on. */
const LEVELS_LIMIT = 64;

interface Share {
  readonly steps: number;
  readonly popularity: number;
}

/**
 * How much of one GPU's free part will be used. Tasks of one GPU or a part of it come by in random order, as often as
 * their class is popular; each that still fits stays; after each, no other comes with probability 1 ÷ OFFERS_MEAN. With q
 * the probability of another, the expectation is h(f) = q·Σ p(c)·(c + h(f − c)) ÷ (1 − q·(1 − Σ p(c))), sums over the
 * classes c that fit f, their node's CPU, and its kind: one table per kind and CPU level, made when first asked for.
 */
export class GpuFill {
  private readonly classes: readonly WeightedClass[];
  private readonly levels: Float64Array;
  private readonly tables: (Float64Array | undefined)[];

  /** Popularities are weights that sum to at most 1; classes of several GPUs, or none, are passed over. */
  constructor(classes: readonly WeightedClass[], kinds: number) {
    this.classes = classes.filter(({ taskClass }) => taskClass.gpus === 1);
    this.levels = levelsOf(this.classes);
    this.tables = new Array<Float64Array | undefined>(kinds * (this.levels.length + 1));
  }

  /** Expected use per free part, in thousandths: entry i is for i × STEP_MILLI free thousandths. */
  table(kind: number, freeCpuMilli: number): Float64Array {
    let level = 0;
    for (let end = this.levels.length; level < end;) {
      const middle = (level + end) >> 1;
      if ((this.levels[middle] ?? 0) <= freeCpuMilli) level = middle + 1;
      else end = middle;
    }
    const at = kind * (this.levels.length + 1) + level;
    return (this.tables[at] ??= fillTable(this.sharesAt(kind, level === 0 ? -1 : (this.levels[level - 1] ?? -1))));
  }

  private sharesAt(kind: number, cpuMilli: number): readonly Share[] {
    const bySteps = new Map<number, number>();
    for (const { taskClass, weight } of this.classes) {
      if (taskClass.cpuMilli > cpuMilli || !mayUse(taskClass, kind)) continue;
      const steps = Math.ceil(taskClass.gpuMilli / STEP_MILLI);
      bySteps.set(steps, (bySteps.get(steps) ?? 0) + weight);
    }
    return [...bySteps].map(([steps, popularity]) => ({ steps, popularity }));
  }
}

/** Index of a free part in a table. */
export function fillStep(freeMilli: number): number {
  return (freeMilli / STEP_MILLI) | 0;
}

function fillTable(shares: readonly Share[]): Float64Array {
  const another = 1 - 1 / OFFERS_MEAN;
  const table = new Float64Array(STEPS + 1);
  for (let free = 1; free <= STEPS; free++) {
    let fitting = 0;
    let use = 0;
    for (const { steps, popularity } of shares) {
      if (steps > free) continue;
      fitting += popularity;
      use += popularity * (steps * STEP_MILLI + (table[free - steps] ?? 0));
    }
    table[free] = (another * use) / (1 - another * (1 - fitting));
  }
  return table;
}

function levelsOf(classes: readonly WeightedClass[]): Float64Array {
  let levels = [...new Set(classes.map(({ taskClass }) => taskClass.cpuMilli))].sort((a, b) => a - b);
  while (levels.length > LEVELS_LIMIT) levels = levels.filter((_, at) => at % 2 === 0);
  return Float64Array.from(levels);
}
