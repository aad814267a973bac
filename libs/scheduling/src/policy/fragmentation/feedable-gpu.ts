import type { Demand } from './cluster-capacity.js';
import { mayUse, type WeightedClass } from './task-class.js';

interface Curve {
  /** Demand per GPU thousandth, ascending. */
  readonly rates: Float64Array;
  /** Popularity of the classes before each rate. */
  readonly fed: Float64Array;
  /** Σ popularity ÷ rate of the classes from each rate on. */
  readonly starved: Float64Array;
}

/**
 * How much of a node's free GPU its free CPU (or memory) can feed: Σ over classes of popularity × min(1, what is there ÷
 * what the class would need to use all of it). It is concave in the ratio of CPU to GPU, so that its slope is the shadow
 * price of CPU: high on a node that will run out of it first, nothing where it abounds.
 */
export class FeedableGpu {
  private readonly classes: readonly WeightedClass[];
  private readonly amount: (demand: Demand) => number;
  private readonly curves: (Curve | undefined)[];

  /** Popularities are weights that sum to at most 1; classes without GPUs are passed over. */
  constructor(classes: readonly WeightedClass[], kinds: number, amount: (demand: Demand) => number) {
    this.classes = classes.filter(({ taskClass }) => taskClass.gpus > 0);
    this.amount = amount;
    this.curves = new Array<Curve | undefined>(kinds);
  }

  /** Share of the free GPU, 0…1, where `amountPerGpuMilli` is what is free for each free GPU thousandth. */
  share(kind: number, amountPerGpuMilli: number): number {
    const { rates, fed, starved } = (this.curves[kind] ??= this.curveOf(kind));
    let at = 0;
    for (let end = rates.length; at < end;) {
      const middle = (at + end) >> 1;
      if ((rates[middle] ?? 0) <= amountPerGpuMilli) at = middle + 1;
      else end = middle;
    }
    return (fed[at] ?? 0) + amountPerGpuMilli * (starved[at] ?? 0);
  }

  private curveOf(kind: number): Curve {
    const byRate = this.classes
      .filter(({ taskClass }) => mayUse(taskClass, kind))
      .map(({ taskClass, weight }) => ({
        rate: this.amount(taskClass) / (taskClass.gpus * taskClass.gpuMilli),
        popularity: weight,
      }))
      .sort((a, b) => a.rate - b.rate);
    const rates = Float64Array.from(byRate, ({ rate }) => rate);
    const fed = new Float64Array(byRate.length + 1);
    const starved = new Float64Array(byRate.length + 1);
    byRate.forEach(({ popularity }, at) => (fed[at + 1] = (fed[at] ?? 0) + popularity));
    for (let at = byRate.length - 1; at >= 0; at--) {
      const { rate = 0, popularity = 0 } = byRate[at] ?? {};
      starved[at] = (starved[at + 1] ?? 0) + (rate > 0 ? popularity / rate : 0);
    }
    return { rates, fed, starved };
  }
}
