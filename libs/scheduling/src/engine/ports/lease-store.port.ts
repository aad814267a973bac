import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import type { Lane, PredictedTime, ResourceNeeds } from '../../domain/task.js';

/** The exclusive right of one worker incarnation to run one attempt. A row is live; an ended lease has none. */
export interface Lease {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly epoch: number;
  readonly workerId: string;
  readonly incarnation: string;
}

/** A live lease with what the policy needs to know of its task: for quotas, preemption, and what workers have left. */
export interface RunningLease extends Lane {
  readonly taskId: TaskId;
  readonly epoch: number;
  readonly incarnation: string;
  readonly tenantId: TenantId;
  readonly costCentre: string;
  readonly needs: ResourceNeeds;
  readonly leasedAt: Instant;
  /** Null: its worker has not said that it started. */
  readonly startedAt: Instant | null;
  /** As last reported, ms. */
  readonly gpuMs: number;
  readonly prediction: PredictedTime;
  /** Attempts of the task that were preempted. */
  readonly preemptions: number;
  readonly devices?: readonly number[];
  /** When its worker was last told to stop it for a task of a higher class. */
  readonly stopAskedAt: Instant | null;
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
  /** Live leases with their tasks, of all or of these classes, ordered by task id. */
  running(priorities?: readonly number[]): Promise<readonly RunningLease[]>;
  /** Notes that these leases' workers are told to stop; a lease that is over, or of another epoch, is passed over. Which they were. */
  noteStop(leases: readonly Pick<Lease, 'taskId' | 'epoch'>[], at: Instant): Promise<readonly TaskId[]>;
}
