import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import type { TaskState } from '../../domain/task-state.js';
import type { TaskView } from '../../domain/task-view.js';
import type { TaskEvent } from './intake-stores.port.js';

/** Where a page ends: the next one starts after it. */
export interface PagePosition {
  readonly createdAt: Instant;
  readonly id: TaskId;
}

export interface TaskFilter {
  readonly state?: TaskState;
  readonly taskType?: string;
  /** Why a failed task failed. */
  readonly reason?: string;
}

/** Reads of one tenant, under row-level security. Another tenant's task is not there. */
export interface TaskReader {
  find(tenantId: TenantId, id: TaskId): Promise<TaskView | undefined>;
  /** Newest first, by (created at, id). */
  list(
    tenantId: TenantId,
    filter: TaskFilter,
    page: { readonly limit: number; readonly after?: PagePosition },
  ): Promise<readonly TaskView[]>;
  /** Lifecycle events after a sequence, in order; at most 1,000. */
  events(tenantId: TenantId, id: TaskId, afterSequence: number): Promise<readonly TaskEvent[]>;
}
