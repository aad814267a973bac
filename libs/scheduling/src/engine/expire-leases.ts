import type { DurationMs } from '@millrace/kernel';
import { loseLeases, type LeaseToEnd } from './lose-leases.js';
import type { WorkerLag } from './ports/worker-lag.port.js';
import type { Lease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import { hasEnded, type Worker } from './ports/worker-store.port.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { capacityClosed } from './worker-messages.js';

export interface ExpireLeasesSettings {
  /** Heartbeats or reports older than this and not yet read mean that we are late, not the workers. */
  readonly workerLagLimitMs: DurationMs;
}

/**
 * Ends the leases of workers that were not heard of in time (P8). Only the leader does, by its monotonic clock, and
 * only while it is caught up on heartbeats and reports: else everyone gets a full time to live, and what then expires is
 * not counted as a delivery.
 */
export class ExpireLeases {
  constructor(
    private readonly context: SchedulingContext,
    private readonly lag: WorkerLag,
    private readonly settings: ExpireLeasesSettings,
  ) {}

  /** Returns how many leases ended. */
  async execute(): Promise<number> {
    const { watch, record, clock, observer } = this.context;
    const due = watch.due(clock.monotonicMs());
    if (due.leases.length === 0 && due.incarnations.length === 0) return 0;
    if (!(await this.isCaughtUp())) {
      watch.restart(clock.monotonicMs());
      return 0;
    }
    const { ended, lost, closures } = await runAsLeader(this.context, (scope) => this.expire(scope, due.incarnations));
    watch.ended([...ended, ...due.leases.map(({ taskId }) => taskId)]);
    record.closed(closures, clock.now());
    watch.forget(due.incarnations);
    if (ended.length + lost.length > 0) observer.expired(ended.length, lost.length);
    return ended.length;
  }

  private async expire(scope: SchedulingScope, incarnations: readonly string[]) {
    const { watch, clock } = this.context;
    // 1. The workers that fell silent, and all they hold; and single leases that their workers do not list.
    const due = new Map(watch.due(clock.monotonicMs()).leases.map((lease) => [lease.taskId, lease]));
    const all = await scope.leases.all();
    const silent = new Set(incarnations);
    const ending = all
      .filter((lease) => silent.has(lease.incarnation) || due.get(lease.taskId)?.epoch === lease.epoch)
      .map((lease): LeaseToEnd => ({ lease, counted: watch.isCounted(lease.taskId) }));
    // 2. Their attempts are lost at the last acknowledged heartbeat.
    const workers = await scope.workers.load(holdersOf(ending, incarnations));
    const changes = await loseLeases(this.context, scope, ending, workers);
    // 3. Their instances close there too.
    const lost = workers
      .filter((worker) => silent.has(worker.incarnation) && !hasEnded(worker))
      .map((worker): Worker => ({ ...worker, state: 'lost' }));
    for (const worker of lost) changes.tell(capacityClosed(worker));
    if (lost.length > 0) await scope.workers.save(lost);
    await changes.write(scope);
    return { ended: changes.leases().ended, lost, closures: changes.closed() };
  }

  private async isCaughtUp(): Promise<boolean> {
    try {
      return (await this.lag.oldestMs()) <= this.settings.workerLagLimitMs;
    } catch {
      // The bus is away: nobody could have been heard.
      return false;
    }
  }
}

function holdersOf(ending: readonly { readonly lease: Lease }[], incarnations: readonly string[]): readonly string[] {
  return [...new Set([...incarnations, ...ending.map(({ lease }) => lease.incarnation)])];
}
