import { ExpectedUse } from '../fragmentation/expected-use.js';
import type { NodePotential } from '../fragmentation/node-potential.js';
import type { WeightedClass } from '../fragmentation/task-class.js';
import type { ClassPlan } from './class-plans.js';

/** Classes that expectation counts with: the most popular ones. */
const MIX_LIMIT = 32;

/** How often a class is expected among the tasks to come. */
export interface ExpectedClass {
  readonly plan: ClassPlan;
  readonly weight: number;
}

/**
 * Expected use of what is free, over the classes that are expected (`ExpectedUse`). It knows the kinds there are at the start; a kind that only
 * differs in what is loaded has the potential of the one it came from.
 */
export class MixPotential implements NodePotential {
  readonly version = 0;
  private readonly inner: ExpectedUse | null;

  constructor(
    mix: readonly ExpectedClass[],
    kinds: number,
    private readonly originOf: Uint16Array,
  ) {
    const placed = mix
      .map(({ plan, weight }) => ({ plan, weight, using: plan.tiers.filter(({ taskClass }) => taskClass.gpus > 0) }))
      .filter(({ using }) => using.length > 0);
    const popular = placed.sort((a, b) => b.weight - a.weight || (a.plan.key < b.plan.key ? -1 : 1));
    const classes = popular
      .slice(0, MIX_LIMIT)
      .flatMap(({ using, weight }): readonly WeightedClass[] =>
        using.map(({ taskClass }) => ({ taskClass, weight: weight / using.length })),
      );
    this.inner = classes.length === 0 ? null : new ExpectedUse(classes, kinds);
  }

  of(kind: number, cpuMilli: number, memoryMib: number, gpus: Int16Array, offset: number, gpuCount: number): number {
    return this.inner?.of(this.originOf[kind] ?? kind, cpuMilli, memoryMib, gpus, offset, gpuCount) ?? 0;
  }
}
