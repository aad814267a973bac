import { queueSnapshot, type EventData } from '@millrace/contracts';
import { toIso, type DurationMs } from '@millrace/kernel';
import { newEvent, type EventPublisher } from '@millrace/messaging/ports';
import { WAITING_REASONS } from '../policy/waiting-reasons.js';
import type { DispatchLag } from './ports/dispatch-lag.port.js';
import type { LaneCount } from './ports/task-store.port.js';
import type { WorkerWithLeases } from './ports/worker-store.port.js';
import type { CycleOutcome } from './scheduling-cycle.js';
import type { SchedulingContext } from './scheduling-context.js';

type Snapshot = EventData<typeof queueSnapshot>;
/** Half the time that listeners keep a snapshot. */
const TELL_AGAIN_MS: DurationMs = 15_000;

type LaneReasons = CycleOutcome['laneReasons'];

/**
 * Tells what waits and runs, per pool: the lanes that the pool's workers serve. Lanes that nobody serves are told of
 * under the default pool. Published when it differs from the last, and again after 15 s: a snapshot may be lost, and
 * who begins to listen hears only what comes.
 */
export class PublishQueue {
  private readonly last = new Map<string, { readonly text: string; readonly atMs: number }>();

  constructor(
    private readonly context: SchedulingContext,
    private readonly publisher: EventPublisher,
    private readonly defaultPool: string,
    private readonly dispatchLag: DispatchLag,
  ) {}

  /** `reasons`: why the first task of a lane waits, from the last cycle. Returns how many pools were told of. */
  async execute(reasons: LaneReasons): Promise<number> {
    const { lanes, workers } = await this.context.unitOfWork.run(async (scope) => ({
      lanes: await scope.tasks.laneCounts(),
      workers: await scope.workers.alive(),
    }));
    const lag = await this.lag();
    const snapshots = this.snapshots(lanes, workers, reasons).map((snapshot) => ({ ...snapshot, ...lag }));
    const changed = snapshots.filter((snapshot) => this.isNews(snapshot));
    const at = toIso(this.context.clock.now());
    if (changed.length > 0) {
      await this.publisher.publish(changed.map((snapshot) => newEvent(queueSnapshot, { ...snapshot, at })));
    }
    return changed.length;
  }

  /** In whole seconds, so that a lag that grows is not news each millisecond. Unknown while the bus is away. */
  private async lag(): Promise<Pick<Snapshot, 'dispatchLagMs'>> {
    const oldestMs = await this.dispatchLag.oldestMs().catch(() => undefined);
    return oldestMs === undefined ? {} : { dispatchLagMs: Math.floor(oldestMs / 1000) * 1000 };
  }

  private snapshots(
    lanes: readonly LaneCount[],
    workers: readonly WorkerWithLeases[],
    reasons: LaneReasons,
  ): readonly Omit<Snapshot, 'at'>[] {
    const pools = Map.groupBy(workers, ({ pool }) => pool);
    // A pool whose last worker went is told of once more, empty.
    for (const pool of [this.defaultPool, ...this.last.keys()]) if (!pools.has(pool)) pools.set(pool, []);
    const served = new Set(workers.flatMap(({ taskTypes }) => taskTypes));
    return [...pools].map(([pool, members]) => {
      const types = new Set(members.flatMap(({ taskTypes }) => taskTypes));
      const own = lanes.filter(
        ({ taskType }) => types.has(taskType) || (pool === this.defaultPool && !served.has(taskType)),
      );
      return {
        pool,
        workers: members.length,
        freeSlots: members.reduce((sum, { slots, usedSlots }) => sum + Math.max(0, slots - usedSlots), 0),
        lanes: own.map((lane) => toLane(lane, reasons)),
      };
    });
  }

  private isNews(snapshot: Omit<Snapshot, 'at'>): boolean {
    const text = JSON.stringify(snapshot);
    const nowMs = this.context.clock.monotonicMs();
    const last = this.last.get(snapshot.pool);
    if (last?.text === text && nowMs - last.atMs < TELL_AGAIN_MS) return false;
    this.last.set(snapshot.pool, { text, atMs: nowMs });
    return true;
  }
}

function toLane(lane: LaneCount, reasons: LaneReasons): Snapshot['lanes'][number] {
  const { taskType, priority, waiting, running, oldestRequestedAt } = lane;
  const why = reasons.find((reason) => reason.taskType === taskType && reason.priority === priority);
  return {
    taskType,
    priority,
    waiting,
    running,
    oldestRequestedAt: oldestRequestedAt === null ? null : toIso(oldestRequestedAt),
    ...(why === undefined || waiting === 0
      ? {}
      : { waitingReason: { code: why.code, text: WAITING_REASONS[why.code] } }),
  };
}
