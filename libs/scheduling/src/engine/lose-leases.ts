import type { TaskId } from '@millrace/kernel';
import type { Lease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import type { Worker } from './ports/worker-store.port.js';
import type { SchedulingContext } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';

export interface LeaseToEnd {
  readonly lease: Lease;
  /** Uses up one of the task's deliveries. */
  readonly counted: boolean;
}

/**
 * Ends leases whose workers did not: each attempt is lost, closed at its worker's last acknowledged heartbeat, and its
 * task goes back to its lane, or ends by the rules of the task table. A lease that was superseded is passed over.
 */
export async function loseLeases(
  context: SchedulingContext,
  scope: SchedulingScope,
  ending: readonly LeaseToEnd[],
  workers: readonly Worker[],
): Promise<TaskChanges> {
  const closedAtMs = new Map(workers.map((worker) => [worker.incarnation, worker.heartbeatMs]));
  const ids: readonly TaskId[] = ending.map(({ lease }) => lease.taskId);
  const tasks = ids.length === 0 ? [] : await scope.tasks.load(ids);
  const changes = new TaskChanges(tasks, { now: context.clock.now(), leaseMs: context.leaseMs });
  for (const { lease, counted } of ending) {
    if (changes.task(lease.taskId)?.epoch !== lease.epoch) continue;
    changes.apply(lease.taskId, { kind: 'lost', closedAtMs: closedAtMs.get(lease.incarnation) ?? 0, counted });
  }
  return changes;
}
