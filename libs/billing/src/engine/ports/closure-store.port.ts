import type { Closure } from '../../domain/attribution-rules.js';

/** A closure with the trace of its task, which the charge carries on. */
export interface StoredClosure extends Closure {
  readonly traceparent: string | undefined;
}

/**
 * Closed attempts by (task, attempt, epoch). A closure that comes again may make the attempt the final one (its task
 * ended while it waited for another attempt). Merging does not depend on which came first.
 */
export interface ClosureStore {
  /** At most one per (task, attempt, epoch) in a call. `final` is kept once set; sequence and closedAtMs are the greatest, the
   * first count and trace that were named stay. */
  merge(closures: readonly StoredClosure[]): Promise<void>;
  ofTasks(taskIds: readonly string[]): Promise<readonly StoredClosure[]>;
  /** The latest end of an attempt on each instance; instances without one are left out. */
  lastClosedMs(instanceIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
