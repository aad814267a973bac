import type { Instant } from '@millrace/kernel';
import type { Preemption } from '../decision.js';
import { bayRefusal, workerRefusal } from '../filters/hard-filters.js';
import { compareIds } from '../ordering/ordering.js';
import { demandOn } from '../placement/class-plans.js';
import { baysOf } from '../placement/gpu-bays.js';
import type { PendingTask, RunningTask, WorkerView } from '../snapshot.js';
import type { PreemptionPolicy } from './preemption-policy.js';
import { withoutTasks } from './without-tasks.js';

/** Workers looked at for one task: those with preemptible work, in order of id. */
export const PREEMPTION_WORKERS_LIMIT = 512;

/** May it be stopped for a task of that class? Never one of the same or a higher class. */
export function isEligible(running: RunningTask, priority: number, policy: PreemptionPolicy, now: Instant): boolean {
  return (
    running.preemptible &&
    running.stopping !== true &&
    running.priority < priority &&
    now - running.startedAt >= policy.minRunMs &&
    running.preemptions < policy.maxPreemptionsPerTask
  );
}

/**
 * Order of victims:
 * 1. the lowest class first;
 * 2. what loses the least GPU time since its last checkpoint;
 * 3. the one that started last;
 * 4. ties by id.
 */
export function byLeastLost(a: RunningTask, b: RunningTask): number {
  return a.priority - b.priority || lostOf(a) - lostOf(b) || b.startedAt - a.startedAt || compareIds(a.id, b.id);
}

function lostOf({ unsavedMs, needs }: RunningTask): number {
  return unsavedMs * Math.max(1, needs.gpus);
}

/** Whether the task could start on the worker now. */
export function hasRoom(task: PendingTask, worker: WorkerView): boolean {
  const bays = baysOf(worker);
  if (worker.draining || worker.slots <= worker.usedSlots || workerRefusal(task, worker, bays) !== null) return false;
  return bays.some((bay, at) => {
    if (bayRefusal(task, worker, bay, at === 0) !== null) return false;
    const { cpuMilli, memoryMib, gpus, gpuMilli } = demandOn(task, worker, bay);
    if (cpuMilli > (worker.freeCpuMilli ?? Infinity) || memoryMib > (worker.freeRamMiB ?? Infinity)) return false;
    return bay.freeMilli.filter((free) => free >= gpuMilli).length >= gpus;
  });
}

export type VictimSearch =
  | { readonly kind: 'none' }
  /** Enough is stopping already: nobody else has to. */
  | { readonly kind: 'stopping'; readonly worker: WorkerView }
  | { readonly kind: 'found'; readonly preemption: Preemption };

/**
 * Whom to stop so that the task can start (QUE-11): the worker where the highest class of victim is lowest, then the least
 * work is lost, then the fewest stop, then `byLeastLost`. `budget`: tasks that may still be told to stop.
 */
export function chooseVictims(
  task: PendingTask,
  workers: readonly WorkerView[],
  policy: PreemptionPolicy,
  budget: number,
  now: Instant,
): VictimSearch {
  if (now - task.requestedAt < policy.minWaitMs) return { kind: 'none' };
  let best: Preemption | undefined;
  for (const worker of workers.slice(0, PREEMPTION_WORKERS_LIMIT)) {
    const stopping = worker.running?.filter((running) => running.stopping === true) ?? [];
    const soon = withoutTasks(worker, stopping);
    if (stopping.length > 0 && hasRoom(task, soon)) return { kind: 'stopping', worker };
    const victims = victimsOn(task, soon, policy, now);
    if (victims === null || victims.length > budget) continue;
    const lostMs = victims.reduce((sum, victim) => sum + victim.unsavedMs, 0);
    const found: Preemption = { worker, victims, lostMs, reason: 'higher_class' };
    if (best === undefined || isBetter(found, best)) best = found;
  }
  return best === undefined ? { kind: 'none' } : { kind: 'found', preemption: best };
}

/** The fewest of the cheapest, or null when even all of them do not make room. */
function victimsOn(
  task: PendingTask,
  worker: WorkerView,
  policy: PreemptionPolicy,
  now: Instant,
): readonly RunningTask[] | null {
  const eligible = (worker.running ?? [])
    .filter((running) => isEligible(running, task.priority, policy, now))
    .toSorted(byLeastLost);
  const enough = eligible.findIndex((_, at) => hasRoom(task, withoutTasks(worker, eligible.slice(0, at + 1))));
  if (enough === -1) return null;
  // One that was taken early may not be needed once the last one is: the dearest go back first.
  return eligible
    .slice(0, enough + 1)
    .toReversed()
    .reduce<readonly RunningTask[]>(
      (kept, spare) => {
        const without = kept.filter((victim) => victim !== spare);
        return without.length > 0 && hasRoom(task, withoutTasks(worker, without)) ? without : kept;
      },
      eligible.slice(0, enough + 1),
    );
}

function isBetter(a: Preemption, b: Preemption): boolean {
  const apart =
    highest(a.victims) - highest(b.victims) || totalLost(a) - totalLost(b) || a.victims.length - b.victims.length;
  const [first] = a.victims;
  const [second] = b.victims;
  return apart === 0 && first !== undefined && second !== undefined ? byLeastLost(first, second) < 0 : apart < 0;
}

function highest(victims: readonly RunningTask[]): number {
  return Math.max(...victims.map(({ priority }) => priority));
}

function totalLost({ victims }: Preemption): number {
  return victims.reduce((sum, victim) => sum + lostOf(victim), 0);
}
