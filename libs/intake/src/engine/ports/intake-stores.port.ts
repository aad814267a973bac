import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import type { TransactionScope } from '@millrace/messaging/ports';
import type { TaskRequest, TaskView } from '../../domain/task-view.js';

/** One lifecycle event of a task, kept for readers that resume (Last-Event-ID). */
export interface TaskEvent {
  readonly taskId: TaskId;
  readonly tenantId: TenantId;
  readonly sequence: number;
  /** Name of the server-sent event. */
  readonly name: string;
  readonly at: Instant;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The accepted answer of a request, by which a repeated one is answered. */
export interface IdempotencyRecord {
  readonly tenantId: TenantId;
  readonly key: string;
  readonly route: string;
  /** SHA-256 of the canonical body, hex. */
  readonly bodyHash: string;
  readonly taskId: TaskId;
  readonly estimatedS: number;
  readonly traceparent: string | null;
  readonly createdAt: Instant;
}

/** Writes of batch writers and consumers: all tenants, out of reach of read controllers. */
export interface TaskWrites {
  insert(tasks: readonly TaskRequest[]): Promise<void>;
  /** The views of those that exist, locked in id order until the transaction ends. */
  lock(ids: readonly TaskId[]): Promise<readonly TaskView[]>;
  /** Writes what the scheduler and billing told; the request stays as it is. */
  saveProgress(views: readonly TaskView[]): Promise<void>;
  /** A (task, sequence) that is there stays. */
  addEvents(events: readonly TaskEvent[]): Promise<void>;
}

export interface IdempotencyStore {
  /**
   * Claims (tenant, key, route) for each record and returns the records that were there before, of whoever claimed
   * first. Waits for a claim that another transaction is making. The records of one call have distinct keys.
   */
  claim(records: readonly IdempotencyRecord[]): Promise<readonly IdempotencyRecord[]>;
  /** Removes at most `limit` records made before an instant; how many they were. */
  deleteBefore(before: Instant, limit: number): Promise<number>;
}

export interface IntakeStores {
  readonly tasks: TaskWrites;
  readonly idempotency: IdempotencyStore;
}
export type IntakeScope = IntakeStores & TransactionScope;

/** What one tenant's call changes, under row-level security. */
export interface TenantTasks {
  /** Acts for this tenant until the transaction ends; nothing is visible before. */
  enter(tenantId: TenantId): Promise<void>;
  /** The tenant's views among `ids`, locked until the transaction ends. */
  lock(tenantId: TenantId, ids: readonly TaskId[]): Promise<readonly TaskView[]>;
  markCancelRequested(tenantId: TenantId, ids: readonly TaskId[], at: Instant): Promise<void>;
  /** Removes prompt, image, callback and metadata; marks the task erased. */
  erase(tenantId: TenantId, id: TaskId, at: Instant): Promise<void>;
}
export interface TenantStores {
  readonly tenant: TenantTasks;
}
export type TenantScope = TenantStores & TransactionScope;
