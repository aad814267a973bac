import { ArrivalMix } from '../fragmentation/arrival-mix.js';
import { classKeyOf, type PlacedClass } from './class-plans.js';
import { MIX_LIMIT } from './mix-potential.js';

/** How often a class has arrived, older arrivals counting less. */
export interface ArrivedClass extends PlacedClass {
  readonly weight: number;
}

/** Classes remembered at most; one that comes beyond them is not counted until another is forgotten. */
const CLASSES_MAX = 1_024;

/**
 * What arrives, by class: the popularity that fragmentation is measured against (scheduling.md section 1, FGD) also while
 * little waits. One owner; built anew from what arrives.
 */
export class ArrivedClasses {
  private readonly mix = new ArrivalMix<string>();
  private readonly classes = new Map<string, PlacedClass>();

  add({ taskType, needs, model, demands }: PlacedClass): void {
    const taskClass: PlacedClass = {
      ...{ taskType, needs },
      ...(model === undefined ? {} : { model }),
      ...(demands === undefined ? {} : { demands }),
    };
    const key = classKeyOf(taskClass);
    if (!this.classes.has(key) && this.classes.size >= CLASSES_MAX) this.forget();
    if (!this.classes.has(key) && this.classes.size >= CLASSES_MAX) return;
    this.classes.set(key, taskClass);
    this.mix.observe(key);
  }

  /** The most frequent ones, as many as an expectation counts with. */
  popular(): readonly ArrivedClass[] {
    const known = this.mix.expected().flatMap(({ taskClass: key, weight }) => {
      const taskClass = this.classes.get(key);
      return taskClass === undefined ? [] : [{ key, arrived: { ...taskClass, weight } }];
    });
    const sorted = known.sort((a, b) => b.arrived.weight - a.arrived.weight || (a.key < b.key ? -1 : 1));
    return sorted.slice(0, MIX_LIMIT).map(({ arrived }) => arrived);
  }

  /** Classes that the mix counts no more. */
  private forget(): void {
    const counted = new Set(this.mix.expected().map(({ taskClass }) => taskClass));
    for (const key of this.classes.keys()) if (!counted.has(key)) this.classes.delete(key);
  }
}
