import type { taskProgressed, EventData } from '@millrace/contracts';
import type { Instant, TaskId, TenantId } from '@millrace/kernel';

export interface LiveProgress {
  readonly taskId: TaskId;
  readonly tenantId: TenantId;
  readonly attempt: number;
  readonly epoch: number;
  readonly step: number;
  readonly totalSteps: number;
  readonly stage: string;
  readonly percent: number;
  readonly remainingMs: number | undefined;
  readonly receivedAt: Instant;
}

export interface Preview {
  readonly mediaType: string;
  readonly base64: string;
}

export type ProgressListener = (progress: LiveProgress, preview: Preview | undefined) => void;

/** Tasks kept at a time; the one not heard of for longest goes first. */
const TASKS_MAX = 10_000;

/**
 * How far running tasks are, in memory only: fed from the lossy progress topic, newest value counts (WRK-10). Within
 * an epoch it never goes back. Previews are handed to listeners and not kept.
 */
export class ProgressBoard {
  private readonly latest = new Map<TaskId, LiveProgress>();
  private readonly listeners = new Map<TaskId, Set<ProgressListener>>();

  record(data: EventData<typeof taskProgressed>, receivedAt: Instant): void {
    const taskId = data.taskId as TaskId;
    const before = this.latest.get(taskId);
    if (before !== undefined && isOlder(data, before)) return;
    const { attempt, epoch, step, totalSteps, stage, percent, remainingMs } = data;
    const progress = {
      taskId,
      tenantId: data.tenantId as TenantId,
      attempt,
      epoch,
      step,
      totalSteps,
      stage,
      percent,
      remainingMs,
      receivedAt,
    };
    this.latest.delete(taskId);
    this.latest.set(taskId, progress);
    this.dropOldest();
    for (const listener of this.listeners.get(taskId) ?? []) listener(progress, data.preview);
  }

  of(taskId: TaskId): LiveProgress | undefined {
    return this.latest.get(taskId);
  }

  forget(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) this.latest.delete(taskId);
  }

  /** Hears each new value; the returned function stops it. */
  subscribe(taskId: TaskId, listener: ProgressListener): () => void {
    const listeners = this.listeners.get(taskId) ?? new Set();
    this.listeners.set(taskId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(taskId);
    };
  }

  private dropOldest(): void {
    if (this.latest.size <= TASKS_MAX) return;
    for (const oldest of this.latest.keys()) return void this.latest.delete(oldest);
  }
}

function isOlder(data: { readonly epoch: number; readonly step: number }, before: LiveProgress): boolean {
  return data.epoch < before.epoch || (data.epoch === before.epoch && data.step < before.step);
}
