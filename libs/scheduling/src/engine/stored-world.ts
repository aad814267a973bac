import type { Placement } from '../policy/decision.js';
import type { SchedulingSnapshot, WorkerView } from '../policy/snapshot.js';
import type { Leaseholder } from '../domain/task-command.js';
import type { DecisionSink, SnapshotSource } from './ports/scheduling-world.port.js';
import { hasEnded, type Worker, type WorkerWithLeases } from './ports/worker-store.port.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';

/** The world as the stores and the leader's watch know it, and the way decisions enter it. */
export class StoredWorld implements SnapshotSource, DecisionSink {
  constructor(private readonly context: SchedulingContext) {}

  read(perLane: number): Promise<SchedulingSnapshot> {
    return this.context.unitOfWork.run(async ({ tasks, workers }) => {
      const alive = await workers.alive();
      return { pending: await tasks.pending(perLane), workers: alive.map((worker) => this.view(worker)) };
    });
  }

  async apply(placements: readonly Placement[]): Promise<readonly Placement[]> {
    if (placements.length === 0) return [];
    const { clock, leaseMs, watch } = this.context;
    const { applied, granted } = await runAsLeader(this.context, async (scope) => {
      const tasks = await scope.tasks.load(placements.map(({ task }) => task.id));
      const holders = await scope.workers.load([...new Set(placements.map(({ worker }) => worker.incarnation))]);
      const byIncarnation = new Map(holders.filter((holder) => !hasEnded(holder)).map((w) => [w.incarnation, w]));
      const changes = new TaskChanges(tasks, { now: clock.now(), leaseMs });
      const done = placements.filter(({ task, worker, reason }) => {
        const holder = byIncarnation.get(worker.incarnation);
        return holder !== undefined && changes.apply(task.id, { kind: 'leased', holder: toHolder(holder), reason });
      });
      await changes.write(scope);
      return { applied: done, granted: changes.leases().granted };
    });
    watch.granted(granted, clock.monotonicMs());
    return applied;
  }

  private view(worker: WorkerWithLeases): WorkerView {
    const { watch, clock } = this.context;
    return {
      ...worker,
      draining: worker.state === 'draining',
      alive: watch.isAlive(worker.incarnation, clock.monotonicMs()),
    };
  }
}

function toHolder(worker: Worker): Leaseholder {
  const { workerId, incarnation, instanceId, pool, capacity, pricePerGpuHour } = worker;
  return { workerId, incarnation, instanceId, pool, capacity, pricePerGpuHour };
}
