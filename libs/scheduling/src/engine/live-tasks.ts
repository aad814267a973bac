import type { DurationMs, Instant, TaskId } from '@millrace/kernel';
import { retryNotBefore } from '../domain/retry-backoff.js';
import { liveAttempt, type Task } from '../domain/task.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import type { QueueReading, WaitingTask } from './ports/task-store.port.js';
import { WaitingTasks } from './waiting-tasks.js';

/** Tasks kept in memory at most, some 400 bytes each; with more, cycles read the tables. */
export const LIVE_TASKS_MAX = 200_000;
/** Rows of one statement while the tables are read anew. */
const ROWS_AT_A_TIME = 10_000;
/** With too many, the tables are counted out again only after so long. */
const TRY_AGAIN_MS: DurationMs = 300_000;

/** What one transaction wrote of tasks and leases. */
export interface LiveChanges {
  /** As they were last saved. */
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly stops: ReadonlyMap<TaskId, Instant>;
}

/**
 * The leader's memory of what waits and what runs: the rows of tasks that have not ended, as the policy sees them. Built
 * from the tables, changed only after the commit of what it reflects, and forgotten when it is not sure how one ended; then
 * it is built again. The tables decide: a lease is written only where its task's row is still queued. Owned by the loop.
 */
export class LiveTasks {
  private readonly waiting = new WaitingTasks();
  private readonly leases = new Map<TaskId, RunningLease>();
  private known = false;
  private notBeforeMs: DurationMs = 0;

  constructor(private readonly max = LIVE_TASKS_MAX) {}

  /** Whether it holds all there is. */
  get isKnown(): boolean {
    return this.known;
  }

  /** Reads the tables where it is not known. False: there are too many, or there were a while ago. */
  async ensure(scope: SchedulingScope, nowMs: DurationMs): Promise<boolean> {
    if (this.known) return true;
    if (nowMs < this.notBeforeMs) return false;
    this.known = await this.readAll(scope);
    if (!this.known) this.giveUp(nowMs);
    return this.known;
  }

  /** What a new leader's predecessor left is not its own. */
  forget(): void {
    this.known = false;
    this.notBeforeMs = 0;
    this.waiting.clear();
    this.leases.clear();
  }

  /** A transaction is through. */
  committed({ tasks, stops }: LiveChanges, nowMs: DurationMs): void {
    if (!this.known) return;
    for (const task of tasks.values()) this.put(task);
    for (const [id, stopAskedAt] of stops) {
      const lease = this.leases.get(id);
      if (lease !== undefined) this.leases.set(id, { ...lease, stopAskedAt });
    }
    if (this.size > this.max) this.giveUp(nowMs);
  }

  /** As `TaskStore.pending`. */
  pending(reading: QueueReading): readonly WaitingTask[] {
    return this.waiting.shown(reading);
  }

  /** As `LeaseStore.running`, in no particular order. */
  running(priorities?: readonly number[]): readonly RunningLease[] {
    const all = [...this.leases.values()];
    return priorities === undefined ? all : all.filter(({ priority }) => priorities.includes(priority));
  }

  private get size(): number {
    return this.waiting.size + this.leases.size;
  }

  private giveUp(nowMs: DurationMs): void {
    this.forget();
    this.notBeforeMs = nowMs + TRY_AGAIN_MS;
  }

  private async readAll({ tasks, leases }: SchedulingScope): Promise<boolean> {
    this.waiting.clear();
    this.leases.clear();
    for (const lease of await leases.running()) this.leases.set(lease.taskId, lease);
    let last: WaitingTask | undefined;
    while (this.size <= this.max) {
      const rows = await tasks.waiting(last, ROWS_AT_A_TIME);
      for (const task of rows) this.waiting.put(task);
      last = rows.at(-1);
      if (rows.length < ROWS_AT_A_TIME) return this.size <= this.max;
    }
    return false;
  }

  private put(task: Task): void {
    const before = this.leases.get(task.id);
    this.waiting.remove(task.id);
    this.leases.delete(task.id);
    if (task.state === 'queued') this.waiting.put(toWaitingTask(task));
    if (task.state === 'processing') {
      const lease = toRunningLease(task, before);
      if (lease !== undefined) this.leases.set(task.id, lease);
    }
  }
}

/** A queued task as a cycle sees it. */
export function toWaitingTask(task: Task): WaitingTask {
  const { id, taskType, priority, needs, requestedAt, tenantId, costCentre, work, prediction } = task;
  const notBefore = retryNotBefore(task);
  return {
    ...{ id, taskType, priority, needs, requestedAt, tenantId },
    namespace: costCentre,
    model: work.model,
    predictedGpuMs: prediction.p50GpuMs,
    prediction,
    ...(notBefore === null ? {} : { notBefore }),
  };
}

function toRunningLease(task: Task, before: RunningLease | undefined): RunningLease | undefined {
  const live = liveAttempt(task);
  if (live === undefined) return undefined;
  const { id: taskId, tenantId, costCentre, taskType, priority, needs, attempts, prediction } = task;
  const { epoch, incarnation, leasedAt, startedAt, gpuMs, devices } = live;
  return {
    ...{ taskId, epoch, incarnation, tenantId, costCentre, taskType, priority, needs },
    ...{ leasedAt, startedAt, gpuMs, prediction },
    preemptions: attempts.filter(({ state }) => state === 'preempted').length,
    ...(devices === undefined ? {} : { devices }),
    stopAskedAt: before?.epoch === epoch ? before.stopAskedAt : null,
  };
}
