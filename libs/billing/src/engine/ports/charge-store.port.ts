import type { Charge } from '../../domain/charge-task.js';

/** Bills that were sent. One per task, for ever. */
export interface ChargeStore {
  /** Those of the tasks that have a charge. */
  charged(taskIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Returns the ids of the tasks whose charge was new. */
  insert(charges: readonly Charge[], chargedAtMs: number): Promise<readonly string[]>;
}
