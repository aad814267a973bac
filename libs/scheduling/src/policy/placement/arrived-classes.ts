import type { DurationMs, Instant } from '@millrace/kernel';
import { ArrivalMix } from '../fragmentation/arrival-mix.js';
import type { ArrivedClass, PlacedClass } from '../snapshot.js';
import { classKeyOf } from './class-plans.js';

/** Classes remembered at most; one that comes beyond them is not counted until another is forgotten. */
const CLASSES_MAX = 1_024;
/** More than an expectation counts with: of some, nothing that serves them may be there any more. */
const POPULAR_MAX = 64;
/** What arrived so long ago counts half: the mix of a day is forgotten in a few days, however little comes. */
const HALF_LIFE_MS: DurationMs = 6 * 3_600_000;
/** Half-lives after which nothing is left. */
const HALVINGS_MAX = 32;

/**
 * What arrives, by class: the popularity that fragmentation is measured against (scheduling.md section 1, FGD) also while
 * little waits. One owner; built anew from what arrives.
 */
export class ArrivedClasses {
  private readonly mix = new ArrivalMix<string>();
  private readonly classes = new Map<string, PlacedClass>();
  private halvedAt: Instant | undefined;

  add({ taskType, needs, model, demands }: PlacedClass, at: Instant): void {
    this.age(at);
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

  /** The most frequent ones. */
  popular(): readonly ArrivedClass[] {
    const known = this.mix.expected().flatMap(({ taskClass: key, weight }) => {
      const taskClass = this.classes.get(key);
      return taskClass === undefined ? [] : [{ key, arrived: { ...taskClass, weight } }];
    });
    const sorted = known.sort((a, b) => b.arrived.weight - a.arrived.weight || (a.key < b.key ? -1 : 1));
    return sorted.slice(0, POPULAR_MAX).map(({ arrived }) => arrived);
  }

  private age(at: Instant): void {
    this.halvedAt ??= at;
    const halvings = Math.floor((at - this.halvedAt) / HALF_LIFE_MS);
    if (halvings <= 0) return;
    for (let left = Math.min(halvings, HALVINGS_MAX); left > 0; left--) this.mix.halve();
    this.halvedAt += halvings * HALF_LIFE_MS;
  }

  /** Classes that the mix counts no more. */
  private forget(): void {
    const counted = new Set(this.mix.expected().map(({ taskClass }) => taskClass));
    for (const key of this.classes.keys()) if (!counted.has(key)) this.classes.delete(key);
  }
}
