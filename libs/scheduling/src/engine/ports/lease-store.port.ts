import type { TaskId } from '@millrace/kernel';

/** The exclusive right of one worker incarnation to run one attempt. A row is live; an ended lease has none. */
export interface Lease {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly epoch: number;
  readonly workerId: string;
  readonly incarnation: string;
}

/**
 * Live leases, at most one per task, in one transaction.
 * Not part of this port: when a lease expires. The leader keeps that on its own monotonic clock.
 */
export interface LeaseStore {
  /** Rejects as a whole when a task already has a live lease. */
  grant(leases: readonly Lease[]): Promise<void>;
  /** Ends the live leases of these tasks; a task without one is passed over. */
  end(taskIds: readonly TaskId[]): Promise<void>;
  /** Live leases held by these incarnations, ordered by task id. */
  heldBy(incarnations: readonly string[]): Promise<readonly Lease[]>;
  /** Every live lease, ordered by task id. For take-over. */
  all(): Promise<readonly Lease[]>;
}
