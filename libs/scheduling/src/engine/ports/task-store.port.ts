import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import type { Lane, PredictedTime, Task } from '../../domain/task.js';
import type { PendingTask } from '../../policy/snapshot.js';

/** What one tenant has in one lane. */
export interface TenantCount {
  readonly tenantId: TenantId;
  readonly waiting: number;
  readonly running: number;
  /** Predicted GPU time of what waits, ms. */
  readonly waitingGpuMs: number;
}

/** What waits and what runs in one lane. */
export interface LaneCount extends Lane {
  readonly waiting: number;
  readonly running: number;
  readonly oldestRequestedAt: Instant | null;
  /** By tenant id. */
  readonly tenants: readonly TenantCount[];
}

/** A waiting task with all that was foretold of it; the policy needs `predictedGpuMs` only. */
export interface WaitingTask extends PendingTask {
  readonly prediction: PredictedTime;
}

/** How much of what waits a cycle looks at (ADR 14). */
export interface QueueReading {
  /** Of each tenant in each lane: the shortest so many; and of each lane the oldest so many, whoever's they are. */
  readonly perTenant: number;
  /** Tenants in lanes that are walked through: with more, the rest is seen only among the oldest. */
  readonly groupsMax: number;
  /** Tasks that all tenants' shortest make together: with many tenants each shows fewer, but one at least. */
  readonly rowsMax: number;
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
  /**
   * Queued tasks, each once, in no particular order: of each tenant in each lane the shortest by prediction (then by
   * request, then id), and of each lane the oldest.
   */
  pending(reading: QueueReading): Promise<readonly WaitingTask[]>;
  /**
   * All queued tasks, `limit` at a time: those behind `after` by task type, priority, request and id. Fewer than `limit`
   * are the last. For take-over.
   */
  waiting(after: WaitingTask | undefined, limit: number): Promise<readonly WaitingTask[]>;
  /** Every lane with a queued or processing task, by task type, then priority from high to low. */
  laneCounts(): Promise<readonly LaneCount[]>;
  /** Queued tasks that were never leased and were requested before `before`, oldest first. */
  overdue(before: Instant, limit: number): Promise<readonly Task[]>;
  /** Remembers cancellations that came before their request. Repeating one does nothing. */
  leaveTombstones(tombstones: readonly Tombstone[]): Promise<void>;
  /** Tombstones with these task ids. */
  tombstonesOf(taskIds: readonly TaskId[]): Promise<readonly Tombstone[]>;
  /** Removes terminal tasks without a lease that ended before an instant, at most `limit`; how many they were. */
  removeEnded(before: Instant, limit: number): Promise<number>;
  /** Removes tombstones left before an instant, at most `limit`; how many they were. */
  removeTombstones(before: Instant, limit: number): Promise<number>;
}
