import type { Demand } from './cluster-capacity.js';

/** Tasks that need the same: the policy's unit of expectation. */
export interface TaskClass extends Demand {
  /** `kinds[kind]` is 1 where the class may run; null: everywhere. */
  readonly kinds: Uint8Array | null;
  /** What else speaks against each kind (a model to load), in the potential's unit; absent: nothing. */
  readonly biases?: Float64Array;
}

/** A class and how often it is expected among the tasks to come: weights are relative, not normalised. */
export interface WeightedClass {
  readonly taskClass: TaskClass;
  readonly weight: number;
}

export function mayUse(taskClass: TaskClass, kind: number): boolean {
  return taskClass.kinds === null || taskClass.kinds[kind] === 1;
}
