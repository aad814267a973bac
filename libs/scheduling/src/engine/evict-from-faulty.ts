import type { Task } from '../domain/task.js';
import { MAX_UNCOUNTED_LOSSES } from '../domain/task-transitions.js';
import { liveAttempt, uncountedLosses } from '../domain/task.js';
import { leaseRefusal } from './lease-refusal.js';
import { loseLeases } from './lose-leases.js';
import type { Lease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import type { FaultyGpu, Worker } from './ports/worker-store.port.js';
import type { SchedulingContext } from './scheduling-context.js';
import type { TaskChanges } from './task-changes.js';

/** A worker as its last heartbeat leaves it, with its leases. */
export interface Holder {
  readonly worker: Worker;
  readonly held: readonly Lease[];
}

/**
 * Ends the attempts on GPUs that are out of service (SCH-50): each is lost at its worker's heartbeat. The first three of a
 * task count against neither its retries nor its deliveries: the GPU's fault is not the task's, until it is found with one
 * GPU after another. Its GPU time until then is the platform's loss. The task goes back to its lane and goes on from its
 * checkpoint elsewhere. The worker is told to stop at once: what it still reports has a stale epoch. Null: nothing ran there.
 */
export async function evictFromFaulty(
  context: SchedulingContext,
  scope: SchedulingScope,
  holders: readonly Holder[],
): Promise<TaskChanges | null> {
  const suspects = holders.filter(({ worker, held }) => held.length > 0 && brokenOf(worker).length > 0);
  if (suspects.length === 0) return null;
  const taskIds = suspects.flatMap(({ held }) => held.map(({ taskId }) => taskId));
  const tasks = new Map((await scope.tasks.load(taskIds)).map((task) => [task.id, task]));
  const ending = suspects.flatMap(({ worker, held }) =>
    held
      .filter((lease) => runsOnFaulty(worker, lease, tasks.get(lease.taskId)))
      .map((lease) => ({ lease, counted: isCounted(tasks.get(lease.taskId)) })),
  );
  if (ending.length === 0) return null;
  const changes = await loseLeases(
    context,
    scope,
    ending,
    suspects.map(({ worker }) => worker),
  );
  for (const { lease } of ending) changes.tell(leaseRefusal(lease, lease, changes.task(lease.taskId)));
  return changes;
}

function isCounted(task: Task | undefined): boolean {
  return task !== undefined && uncountedLosses(task) >= MAX_UNCOUNTED_LOSSES;
}

/** Where slots alone bound a worker nobody knows which GPU an attempt is on: then any of them may be the one. */
function runsOnFaulty(worker: Worker, lease: Lease, task: Task | undefined): boolean {
  const attempt = task === undefined ? undefined : liveAttempt(task);
  if (attempt?.epoch !== lease.epoch) return false;
  if (worker.traits.devices === undefined) return true;
  return brokenOf(worker).some(({ gpu }) => attempt.devices?.includes(gpu) === true);
}

/** A driver that answers nothing is no place for new work; what runs may yet end well, and is left to it. */
function brokenOf({ traits }: Worker): readonly FaultyGpu[] {
  return traits.faults?.filter(({ code }) => code !== 'driver_unanswered') ?? [];
}
