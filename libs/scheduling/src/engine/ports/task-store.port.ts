import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import type { Lane, Task } from '../../domain/task.js';
import type { PendingTask } from '../../policy/snapshot.js';

/** What waits and what runs in one lane. */
export interface LaneCount extends Lane {
  readonly waiting: number;
  readonly running: number;
  readonly oldestRequestedAt: Instant | null;
}

/** A cancellation that came before its request. It only counts for a request of the same tenant. */
export interface Tombstone {
  readonly taskId: TaskId;
  readonly tenantId: TenantId;
}

/**
 * Tasks and their lifecycle, in one transaction. Every method takes or gives a batch and costs one statement.
 * Not part of this port: locking (one leader writes, and its term is checked), history, search.
 */
export interface TaskStore {
  /** Adds new tasks. An id that is there stays as it is. Returns the ids that were new. */
  insert(tasks: readonly Task[]): Promise<ReadonlySet<TaskId>>;
  /** In no particular order; unknown ids are left out. */
  load(ids: readonly TaskId[]): Promise<readonly Task[]>;
  /** Writes what a transition may change: state, phase, counters, attempts, checkpoint, times, reason, error. */
  save(tasks: readonly Task[]): Promise<void>;
  /** The first `perLane` queued tasks of each lane, in order of service within the lane. */
  pending(perLane: number): Promise<readonly PendingTask[]>;
  /** Every lane with a queued or processing task, by task type, then priority from high to low. */
  laneCounts(): Promise<readonly LaneCount[]>;
  /** Queued tasks that were never leased and were requested before `before`, oldest first. */
  overdue(before: Instant, limit: number): Promise<readonly Task[]>;
  /** Remembers cancellations that came before their request. Repeating one does nothing. */
  leaveTombstones(tombstones: readonly Tombstone[]): Promise<void>;
  /** Tombstones with these task ids. */
  tombstonesOf(taskIds: readonly TaskId[]): Promise<readonly Tombstone[]>;
  /** Removes terminal tasks that ended before an instant, at most `limit`; how many they were. */
  removeEnded(before: Instant, limit: number): Promise<number>;
  /** Removes tombstones left before an instant, at most `limit`; how many they were. */
  removeTombstones(before: Instant, limit: number): Promise<number>;
}
