import type { ArrivedClass, PlacedClass } from '../snapshot.js';
import { classKeyOf } from './class-plans.js';
import type { MixEntry } from './placement-board.js';

/**
 * The popularity that fragmentation is measured against: each class's share of what waits and its share of what has
 * arrived, together, since a long record must not drown what the queue shows now.
 */
export function expectedMix(pending: readonly PlacedClass[], arrivals: readonly ArrivedClass[]): readonly MixEntry[] {
  const classes = new Map<string, { readonly example: PlacedClass; weight: number }>();
  const count = (example: PlacedClass, weight: number): void => {
    const key = classKeyOf(example);
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { example, weight });
    else known.weight += weight;
  };
  for (const task of pending) count(task, 1 / pending.length);
  const arrivedWeight = arrivals.reduce((sum, { weight }) => sum + weight, 0);
  for (const { weight, ...arrived } of arrivals) count(arrived, weight / arrivedWeight);
  return [...classes.values()];
}
