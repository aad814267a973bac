import type { EventData, queueSnapshot } from '@millrace/contracts';
import type { Clock, DurationMs } from '@millrace/kernel';
import type { AdmittedTask } from '../domain/admit-task.js';
import {
  NOTHING_DECLARED,
  estimateS,
  queuePlace,
  waitingReason,
  type DeclaredMachines,
  type PoolFacts,
  type QueuePlace,
  type WaitingReason,
} from '../domain/queue-outlook.js';
import type { TaskView } from '../domain/task-view.js';

/** A pool not heard of for longer says nothing any more. */
const FRESH_MS: DurationMs = 30_000;
const POOLS_MAX = 100;
const TYPES_MAX = 100;
/** Weight of the newest run in the running mean of a type's seconds. */
const NEWEST_WEIGHT = 0.3;

/** What the queue looks like and how long tasks take, for estimates: from queue.snapshot and from finished tasks. */
export class QueueBoard {
  private readonly pools = new Map<string, { readonly facts: PoolFacts; readonly heardAtMs: number }>();
  private readonly meanSeconds = new Map<string, number>();

  private declared = NOTHING_DECLARED;
  private heardAtMs: DurationMs;
  private reportedLagMs: DurationMs = 0;

  constructor(private readonly clock: Clock) {
    this.heardAtMs = clock.monotonicMs();
  }

  /**
   * How long an accepted task may wait until the scheduler takes it: as the scheduler says, or how long it has said
   * nothing (it speaks every 20 s at least).
   */
  dispatchLagMs(): DurationMs {
    return Math.max(this.reportedLagMs, this.clock.monotonicMs() - this.heardAtMs);
  }

  record(data: EventData<typeof queueSnapshot>): void {
    this.heardAtMs = this.clock.monotonicMs();
    this.reportedLagMs = data.dispatchLagMs ?? 0;
    const unfit = new Map((data.unfit ?? []).map(({ taskType, text }) => [taskType, text]));
    this.declared = data.catalogue === undefined ? NOTHING_DECLARED : { machines: data.catalogue, unfit };
    if (!this.pools.has(data.pool) && this.pools.size >= POOLS_MAX) return;
    this.pools.set(data.pool, { facts: data, heardAtMs: this.clock.monotonicMs() });
  }

  /** A task of this type and size took so long. */
  recordDuration(taskType: string, processingMs: DurationMs): void {
    const seconds = processingMs / 1000;
    const before = this.meanSeconds.get(taskType);
    if (before === undefined && this.meanSeconds.size >= TYPES_MAX) return;
    this.meanSeconds.set(taskType, before === undefined ? seconds : before + NEWEST_WEIGHT * (seconds - before));
  }

  /** Seconds until a task now accepted would be done (API-02). */
  estimate(task: Pick<AdmittedTask, 'taskType' | 'priority' | 'typicalS'>): number {
    return estimateS(this.fresh(), task.priority, this.meanSeconds.get(task.taskType) ?? task.typicalS);
  }

  /** Why a queued task waits; undefined when it doesn't, or nothing is known. */
  waitingReason(view: TaskView): WaitingReason | undefined {
    return view.state === 'queued' ? waitingReason(this.fresh(), view.request) : undefined;
  }

  /** About where a queued task stands; undefined when it isn't queued, or nothing is known. */
  place(view: TaskView): QueuePlace | undefined {
    return view.state === 'queued' ? queuePlace(this.fresh(), view.request) : undefined;
  }

  /** Machines of every declared pool, as last told. A declaration does not age. */
  machines(): DeclaredMachines {
    return this.declared;
  }

  private fresh(): readonly PoolFacts[] {
    const since = this.clock.monotonicMs() - FRESH_MS;
    return [...this.pools.values()].filter((pool) => pool.heardAtMs >= since).map((pool) => pool.facts);
  }
}
