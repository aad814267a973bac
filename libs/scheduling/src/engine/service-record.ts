import type { DurationMs, Instant } from '@millrace/kernel';
import type { Attempt } from '../domain/attempt.js';
import { isTerminal, type PredictedTime, type Task, type TaskRequest } from '../domain/task.js';
import type { FairShare, FairShares, OrderingPolicy } from '../policy/ordering/ordering-policy.js';
import { servedClass } from '../policy/ordering/served-class.js';
import { ArrivedClasses } from '../policy/placement/arrived-classes.js';
import { GpuSecondsHistory } from '../policy/prediction/gpu-seconds-history.js';
import { ToldEstimates } from '../policy/prediction/told-estimates.js';
import type { ArrivedClass, PendingTask } from '../policy/snapshot.js';
import type { TaskForecast } from './forecast-queue.js';
import type { WaitingTask } from './ports/task-store.port.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { RunLengths, ServedTime } from './ports/history-store.port.js';
import { runKeyOf } from './run-key.js';

/** How far back a new leader looks for whom was served: as long as a tenant may hold a lead of the slack against others. */
export const SERVED_WINDOW_MS: DurationMs = 3_600_000;
/** Keys whose runs a new leader reads. */
export const KEYS_READ_MAX = 2_000;
/** GPU-seconds of a task type that nobody has said anything of (TYP-22). */
const TYPICAL_GPU_SECONDS = 180;
/** A profile has one figure: nine of ten tasks are held to end within twice of it, until runs tell better. */
const PROFILE_P90_FACTOR = 2;
const TYPES_MAX = 1_000;
/** Task types remembered of a worker: what it ran last is what it has loaded. */
const RECENT_TYPES_MAX = 4;
const MS = 1000;

/** An attempt that ended, with its task after the change. */
export interface Closure {
  readonly task: Task;
  readonly attempt: Attempt;
  /** GPU time of the whole work, ms, where the task completed and it is known. */
  readonly runGpuMs: number | undefined;
}

/**
 * What the leader remembers of service: how long runs took, what each tenant has had, and what workers ran last. Kept in
 * memory, built from the tables at take-over, changed only after the commit of what it reflects. Owned by the loop.
 */
export class ServiceRecord {
  private history: GpuSecondsHistory;
  private readonly typical = new Map<string, number>();
  private readonly recent = new Map<string, readonly string[]>();
  private fairShares: FairShares = [];
  private readonly arrivedClasses = new ArrivedClasses();
  private predictions: ReadonlyMap<string, PredictedTime> = new Map();
  /** What was told of the queue, and how far off it was. */
  readonly estimates = new ToldEstimates();

  constructor(private readonly ordering: OrderingPolicy) {
    this.history = this.newHistory();
  }

  /** Tasks that came in: more like them are expected. */
  arrived(tasks: readonly Task[], now: Instant): void {
    for (const { taskType, needs, work } of tasks) this.arrivedClasses.add({ taskType, needs, model: work.model }, now);
  }

  get arrivals(): readonly ArrivedClass[] {
    return this.arrivedClasses.popular();
  }

  /** Take-over: the last runs, who was served within SERVED_WINDOW_MS, and what runs, which is charged as foretold. */
  rebuild(lengths: readonly RunLengths[], served: readonly ServedTime[], running: readonly RunningLease[]): void {
    this.history = this.newHistory();
    for (const { key, gpuMs } of lengths) for (const ms of gpuMs) this.history.record(key, ms / MS);
    const charged = running.map(({ priority, tenantId, prediction }) => ({
      ...{ priority, tenantId },
      gpuMs: prediction.p50GpuMs,
    }));
    this.fairShares = sharesOf([...served, ...charged], this.ordering);
    this.recent.clear();
    this.estimates.clear();
  }

  /** `profileGpuSeconds`: what the task type's profile says, where the request brings it. */
  foretell(request: Pick<TaskRequest, 'taskType' | 'work'>, profileGpuSeconds: number | undefined): PredictedTime {
    const { taskType } = request;
    if (profileGpuSeconds !== undefined && (this.typical.has(taskType) || this.typical.size < TYPES_MAX)) {
      this.typical.set(taskType, profileGpuSeconds);
    }
    const { p50GpuSeconds, p90GpuSeconds, basis, samples } = this.history.predict(runKeyOf(request));
    return { p50GpuMs: Math.round(p50GpuSeconds * MS), p90GpuMs: Math.round(p90GpuSeconds * MS), basis, samples };
  }

  /**
   * Attempts ended: runs are learnt, and their tenants charged with what they took instead of what was foretold. Returns
   * how many completed tasks were within their estimate.
   */
  closed(closures: readonly Closure[], now: Instant): { readonly withinP90: number; readonly late: number } {
    let withinP90 = 0;
    let late = 0;
    for (const { task, attempt, runGpuMs } of closures) {
      if (task.state === 'completed') {
        const verdict = this.estimates.completed(task.id, now / MS);
        if (verdict === 'within') withinP90 += 1;
        else if (verdict === 'late') late += 1;
      } else if (isTerminal(task)) this.estimates.forget(task.id);
      if (runGpuMs !== undefined) this.history.record(runKeyOf(task, attempt.pool), runGpuMs / MS);
      const overMs = attempt.gpuMs - task.prediction.p50GpuMs;
      const gpuSeconds = overMs / MS / (this.ordering.weights.get(task.tenantId) ?? 1);
      const charged = { priority: servedClass(task, attempt.leasedAt, this.ordering), tenantId: task.tenantId };
      this.fairShares = settled(this.fairShares, charged, gpuSeconds);
    }
    return { withinP90, late };
  }

  /** What was told of tasks when they were first seen waiting: held against what comes. */
  foretold(forecasts: readonly TaskForecast[], now: Instant): void {
    this.estimates.overdue(now / MS);
    for (const { wait, plainSeconds, finishS } of forecasts) {
      if (finishS !== undefined) this.estimates.tell(wait.task.id, now / MS, { plainSeconds, p90Seconds: finishS.p90 });
    }
  }

  /** Tasks that ended while they waited: nothing comes that their estimates could be held against. */
  endedWaiting(taskIds: readonly string[]): void {
    for (const id of taskIds) this.estimates.forget(id);
  }

  /** What was foretold of a waiting task that the last reading showed. */
  predictionOf({ id, predictedGpuMs = 0 }: PendingTask): PredictedTime {
    const unknown = { p50GpuMs: predictedGpuMs, p90GpuMs: predictedGpuMs, basis: 'profile', samples: 0 } as const;
    return this.predictions.get(id) ?? unknown;
  }

  /** The waiting tasks of the last reading. */
  saw(waiting: readonly WaitingTask[]): void {
    this.predictions = new Map(waiting.map(({ id, prediction }) => [id, prediction]));
  }

  get shares(): FairShares {
    return this.fairShares;
  }

  /** A cycle's decisions were applied: the tenants stand where it left them. */
  decided(shares: FairShares): void {
    this.fairShares = shares;
  }

  placed(incarnation: string, taskType: string): void {
    const before = this.recent.get(incarnation) ?? [];
    if (before[0] === taskType) return;
    const types = [taskType, ...before.filter((type) => type !== taskType)].slice(0, RECENT_TYPES_MAX);
    this.recent.set(incarnation, types);
  }

  /** Types that it ran last, the latest first. */
  recentTypes(incarnation: string): readonly string[] | undefined {
    return this.recent.get(incarnation);
  }

  /** Keeps what is known of these incarnations only. */
  keepWorkers(incarnations: ReadonlySet<string>): void {
    for (const known of this.recent.keys()) if (!incarnations.has(known)) this.recent.delete(known);
  }

  private newHistory(): GpuSecondsHistory {
    return new GpuSecondsHistory(({ taskType }) => {
      const p50GpuSeconds = this.typical.get(taskType) ?? TYPICAL_GPU_SECONDS;
      return { p50GpuSeconds, p90GpuSeconds: p50GpuSeconds * PROFILE_P90_FACTOR };
    });
  }
}

/**
 * Where tenants stand who were served so much: each as far ahead of the one served least as it had more, and whoever comes
 * new begins beside that one. Tasks ask for no pool, so all stand in the one that has no name.
 */
function sharesOf(served: readonly ServedTime[], { weights }: OrderingPolicy): FairShares {
  return [...Map.groupBy(served, ({ priority }) => priority)].map(([priority, times]): FairShare => {
    const tags = new Map<string, number>();
    for (const { tenantId, gpuMs } of times) {
      tags.set(tenantId, (tags.get(tenantId) ?? 0) + gpuMs / MS / (weights.get(tenantId) ?? 1));
    }
    const virtualGpuSeconds = [...tags.values()].reduce((least, tag) => Math.min(least, tag));
    return { priority, pool: '', virtualGpuSeconds, tenants: Object.fromEntries(tags) };
  });
}

/**
 * A tenant that had more than it was charged for stands further back, counted from the virtual time where it has no lead any
 * more; one that had less stands further ahead, but not before those who wait.
 */
function settled(
  shares: FairShares,
  { priority, tenantId }: Pick<FairShare, 'priority'> & Pick<Task, 'tenantId'>,
  gpuSeconds: number,
): FairShares {
  return shares.map((share) => {
    const { virtualGpuSeconds: virtual, tenants } = share;
    const tag = tenants[tenantId] ?? virtual;
    if (share.priority !== priority || share.pool !== '' || gpuSeconds === 0) return share;
    const next = gpuSeconds > 0 ? tag + gpuSeconds : Math.max(Math.min(tag, virtual), tag + gpuSeconds);
    return next === tag ? share : { ...share, tenants: { ...tenants, [tenantId]: next } };
  });
}
