import type { WorkerWithLeases } from '@millrace/scheduling/ports';

/** The workers as people see them. Token and shape of the read that `startScheduler` binds to the database. */
export abstract class ReadWorkers {
  /** Alive ones and those that ended in the last hour, newest registration first. */
  abstract recent(): Promise<readonly WorkerWithLeases[]>;
}
