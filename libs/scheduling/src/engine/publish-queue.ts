import { queueSnapshot, type EventData } from '@millrace/contracts';
import { toIso, type DurationMs } from '@millrace/kernel';
import { newEvent, type EventPublisher } from '@millrace/messaging/ports';
import type { Wait } from '../policy/decision.js';
import { forecastQueue, type TaskForecast } from './forecast-queue.js';
import { slotsFree } from './gpus-in-service.js';
import { catalogueOf } from './machine-catalogue.js';
import type { DispatchLag } from './ports/dispatch-lag.port.js';
import type { LaneCount } from './ports/task-store.port.js';
import type { WorkerWithLeases } from './ports/worker-store.port.js';
import { laneFacts, type Lane } from './queue-lanes.js';
import type { SchedulingContext } from './scheduling-context.js';

type Snapshot = EventData<typeof queueSnapshot>;
/** Half the time that listeners keep a snapshot. */
const TELL_AGAIN_MS: DurationMs = 15_000;

/**
 * Tells what waits and runs, per pool: the lanes that the pool's workers serve. Lanes that nobody serves are told of
 * under the default pool. Published when it differs from the last, and again after 15 s: a snapshot may be lost, and
 * who begins to listen hears only what comes.
 */
export class PublishQueue {
  private readonly declared: Pick<Snapshot, 'catalogue' | 'unfit'>;
  private readonly last = new Map<string, { readonly text: string; readonly atMs: number }>();

  constructor(
    private readonly context: SchedulingContext,
    private readonly publisher: EventPublisher,
    private readonly defaultPool: string,
    private readonly dispatchLag: DispatchLag,
  ) {
    this.declared = catalogueOf(context.policy);
  }

  /** `waits`: what the last cycle left waiting, in order of service. Returns how many pools were told of; rejects with `not_leader`. */
  async execute(waits: readonly Wait[]): Promise<number> {
    const { lanes, workers, running } = await this.read(waits.length > 0);
    const lag = await this.lag();
    const { record, policy, clock, leadership } = this.context;
    // No transaction confirms the term here, and from here on nothing is waited for: a leader that slept tells nothing old.
    leadership();
    const now = clock.now();
    const forecasts = forecastQueue({
      ...{ waits, running, workers, now },
      predictionOf: ({ task }) => record.predictionOf(task),
      ordering: policy.ordering,
      shares: record.shares,
      record: record.estimates.record,
    });
    record.foretold(forecasts, now);
    const told = this.snapshots(lanes, workers, waits, forecasts).map((snapshot) => ({ ...snapshot, ...lag }));
    const changed = told.filter((snapshot) => this.isNews(snapshot));
    const at = toIso(now);
    if (changed.length > 0) {
      await this.publisher.publish(changed.map((snapshot) => newEvent(queueSnapshot, { ...snapshot, at })));
    }
    return changed.length;
  }

  /** From the leader's memory, and from the tables where that does not hold all there is. */
  private async read(withRunning: boolean) {
    const { unitOfWork, live } = this.context;
    if (live.isKnown) return { lanes: live.laneCounts(), workers: live.workers(), running: live.running() };
    return unitOfWork.run(async ({ tasks, workers, leases }) => ({
      lanes: await tasks.laneCounts(),
      workers: await workers.alive(),
      running: withRunning ? await leases.running() : [],
    }));
  }

  /** In whole seconds, so that a lag that grows is not news each millisecond. Unknown while the bus is away. */
  private async lag(): Promise<Pick<Snapshot, 'dispatchLagMs'>> {
    const oldestMs = await this.dispatchLag.oldestMs().catch(() => undefined);
    return oldestMs === undefined ? {} : { dispatchLagMs: Math.floor(oldestMs / 1000) * 1000 };
  }

  private snapshots(
    lanes: readonly LaneCount[],
    workers: readonly WorkerWithLeases[],
    waits: readonly Wait[],
    forecasts: readonly TaskForecast[],
  ): readonly Omit<Snapshot, 'at'>[] {
    const pools = Map.groupBy(workers, ({ pool }) => pool);
    // A pool whose last worker went is told of once more, empty.
    for (const pool of [this.defaultPool, ...this.last.keys()]) if (!pools.has(pool)) pools.set(pool, []);
    const served = new Set(workers.flatMap(({ taskTypes }) => taskTypes));
    const facts = laneFacts(lanes, waits, forecasts);
    return [...pools].map(([pool, members]) => {
      const types = new Set(members.flatMap(({ taskTypes }) => taskTypes));
      return {
        pool,
        workers: members.length,
        freeSlots: members.reduce((sum, worker) => sum + slotsFree(worker), 0),
        lanes: facts.filter(
          ({ taskType }) => types.has(taskType) || (pool === this.defaultPool && !served.has(taskType)),
        ),
        ...this.declared,
      };
    });
  }

  private isNews(snapshot: Omit<Snapshot, 'at'>): boolean {
    const text = JSON.stringify({ ...snapshot, lanes: snapshot.lanes.map(withoutForecast) });
    const nowMs = this.context.clock.monotonicMs();
    const last = this.last.get(snapshot.pool);
    if (last?.text === text && nowMs - last.atMs < TELL_AGAIN_MS) return false;
    this.last.set(snapshot.pool, { text, atMs: nowMs });
    return true;
  }
}

/** Estimates move with the clock: that alone is no news. */
function withoutForecast({ tenants, ...lane }: Lane): object {
  return {
    ...lane,
    tenants: tenants?.map(({ tenantId, waiting, waitingReason }) => [tenantId, waiting, waitingReason]),
  };
}
