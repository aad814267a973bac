import type { DurationMs, Instant, TaskId } from '@millrace/kernel';
import { retryNotBefore } from '../domain/retry-backoff.js';
import { liveAttempt, type Task } from '../domain/task.js';
import { countLanes } from './count-lanes.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import type { LaneCount, QueueReading, WaitingTask } from './ports/task-store.port.js';
import { hasEnded, type Worker, type WorkerWithLeases } from './ports/worker-store.port.js';
import { WaitingTasks } from './waiting-tasks.js';

/** Tasks kept in memory at most, some 500 bytes each; with more, cycles read the tables. */
export const LIVE_TASKS_MAX = 200_000;
/** Rows of one statement while the tables are read anew. */
const ROWS_AT_A_TIME = 10_000;
/** With too many, the tables are counted out again only after so long. */
const TRY_AGAIN_MS: DurationMs = 300_000;

/** What one transaction wrote of tasks, leases and workers. */
export interface LiveChanges {
  /** As they were last saved. */
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly stops: ReadonlyMap<TaskId, Instant>;
  readonly workers: ReadonlyMap<string, Worker>;
}

/**
 * The leader's memory of what waits, what runs and who works: the rows that have not ended, as the policy sees them. Built
 * from the tables, changed only after the commit of what it reflects, and forgotten where it is not sure how one ended;
 * then it is built again. The tables decide: a lease is only written for a task whose row is queued. Owned by the loop.
 */
export class LiveState {
  private readonly waiting = new WaitingTasks();
  private readonly leases = new Map<TaskId, RunningLease>();
  private readonly slots = new Map<string, number>();
  private readonly alive = new Map<string, Worker>();
  private known = false;
  private notBeforeMs: DurationMs = 0;

  constructor(private readonly max = LIVE_TASKS_MAX) {}

  /** Whether it holds all there is. */
  get isKnown(): boolean {
    return this.known;
  }

  /** Reads the tables where it is not known. False: there are too many tasks, or there were a while ago. */
  async ensure(scope: SchedulingScope, nowMs: DurationMs): Promise<boolean> {
    if (this.known) return true;
    if (nowMs < this.notBeforeMs) return false;
    this.known = await this.readAll(scope);
    if (!this.known) this.giveUp(nowMs);
    return this.known;
  }

  /** What it holds may not be what the tables hold. Where there were too many tasks, that stands. */
  forget(): void {
    this.known = false;
    this.clear();
  }

  /** Begins a term: what was learned in an earlier one, also that there were too many tasks, is old. */
  reset(): void {
    this.forget();
    this.notBeforeMs = 0;
  }

  /** A transaction is through. */
  committed({ tasks, stops, workers }: LiveChanges, nowMs: DurationMs): void {
    if (!this.known) return;
    for (const task of tasks.values()) this.putTask(task);
    for (const [id, stopAskedAt] of stops) {
      const lease = this.leases.get(id);
      if (lease !== undefined) this.leases.set(id, { ...lease, stopAskedAt });
    }
    for (const worker of workers.values()) {
      if (hasEnded(worker)) this.alive.delete(worker.incarnation);
      else this.alive.set(worker.incarnation, worker);
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

  /** As `TaskStore.laneCounts`. */
  laneCounts(): readonly LaneCount[] {
    return countLanes(this.waiting.counts(), this.leases.values());
  }

  /** As `WorkerStore.alive`, in no particular order. */
  workers(): readonly WorkerWithLeases[] {
    return Array.from(this.alive.values(), (worker) => ({
      ...worker,
      usedSlots: this.slots.get(worker.incarnation) ?? 0,
    }));
  }

  private get size(): number {
    return this.waiting.size + this.leases.size;
  }

  private giveUp(nowMs: DurationMs): void {
    this.forget();
    this.notBeforeMs = nowMs + TRY_AGAIN_MS;
  }

  private clear(): void {
    this.waiting.clear();
    this.leases.clear();
    this.slots.clear();
    this.alive.clear();
  }

  private async readAll({ tasks, leases, workers }: SchedulingScope): Promise<boolean> {
    this.clear();
    for (const worker of await workers.alive()) this.alive.set(worker.incarnation, worker);
    for (const lease of await leases.running()) {
      this.leases.set(lease.taskId, lease);
      this.take(lease.incarnation, 1);
    }
    let last: WaitingTask | undefined;
    while (this.size <= this.max) {
      const before = this.size;
      const rows = await tasks.waiting(last, ROWS_AT_A_TIME);
      for (const task of rows) this.waiting.put(task);
      last = rows.at(-1);
      if (rows.length < ROWS_AT_A_TIME) return this.size <= this.max;
      // Rows written by hand may be finer than a millisecond, and the same come again: no walk without an end.
      if (this.size === before) return false;
    }
    return false;
  }

  private putTask(task: Task): void {
    const before = this.leases.get(task.id);
    const lease = task.state === 'processing' ? toRunningLease(task, before) : undefined;
    if (before !== undefined) this.take(before.incarnation, -1);
    if (lease === undefined) {
      this.leases.delete(task.id);
    } else {
      this.leases.set(task.id, lease);
      this.take(lease.incarnation, 1);
    }
    if (task.state === 'queued') this.waiting.put(toWaitingTask(task));
    else this.waiting.remove(task.id);
  }

  private take(incarnation: string, slots: number): void {
    const used = (this.slots.get(incarnation) ?? 0) + slots;
    if (used === 0) this.slots.delete(incarnation);
    else this.slots.set(incarnation, used);
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
  const lease: RunningLease = {
    taskId: task.id,
    epoch: live.epoch,
    incarnation: live.incarnation,
    tenantId: task.tenantId,
    costCentre: task.costCentre,
    taskType: task.taskType,
    priority: task.priority,
    needs: task.needs,
    leasedAt: live.leasedAt,
    startedAt: live.startedAt,
    gpuMs: live.gpuMs,
    prediction: task.prediction,
    preemptions: task.attempts.reduce((count, { state }) => (state === 'preempted' ? count + 1 : count), 0),
    stopAskedAt: before?.epoch === live.epoch ? before.stopAskedAt : null,
  };
  return live.devices === undefined ? lease : { ...lease, devices: live.devices };
}
