import type { WaitingCode } from './decision.js';
import { compareIds } from './ordering/ordering.js';
import type { PendingTask, WorkerView } from './snapshot.js';

/** A worker and the slots this cycle may still fill. */
interface Candidate {
  readonly worker: WorkerView;
  free: number;
}

/** Workers that fit one class of tasks, in order of id; everything before `next` is full. */
interface ClassOfTasks {
  readonly fitting: readonly Candidate[];
  readonly waitingReason: WaitingCode;
  next: number;
}

/** Whether the task may run on this worker once it has a free slot: type, GPUs, VRAM (TYP-03: a hard limit), life. */
export function fits(task: Pick<PendingTask, 'taskType' | 'needs'>, worker: WorkerView): boolean {
  return (
    worker.alive &&
    worker.taskTypes.includes(task.taskType) &&
    worker.gpus >= task.needs.gpus &&
    worker.vramMiB >= task.needs.vramMiB
  );
}

/**
 * Gives each task the first fitting worker with a free slot. Tasks that need the same share one list with a cursor, so
 * the work is O(tasks + classes × workers), not tasks × workers.
 */
export class Placer {
  private readonly candidates: readonly Candidate[];
  private readonly classes = new Map<string, ClassOfTasks>();

  constructor(workers: readonly WorkerView[]) {
    this.candidates = workers
      .toSorted((a, b) => compareIds(a.workerId, b.workerId) || compareIds(a.incarnation, b.incarnation))
      .map((worker) => ({ worker, free: worker.draining ? 0 : Math.max(0, worker.slots - worker.usedSlots) }));
  }

  /** Takes a slot and names its worker, or says why the task waits. */
  take(task: PendingTask): WorkerView | WaitingCode {
    const kind = this.classOf(task);
    for (; kind.next < kind.fitting.length; kind.next++) {
      const candidate = kind.fitting[kind.next];
      if (candidate === undefined || candidate.free === 0) continue;
      candidate.free -= 1;
      return candidate.worker;
    }
    return kind.waitingReason;
  }

  private classOf(task: PendingTask): ClassOfTasks {
    const key = `${task.needs.gpus}|${task.needs.vramMiB}|${task.taskType}`;
    const known = this.classes.get(key);
    if (known !== undefined) return known;
    const fitting = this.candidates.filter((candidate) => fits(task, candidate.worker));
    const made: ClassOfTasks = { fitting, waitingReason: waitingReasonOf(fitting), next: 0 };
    this.classes.set(key, made);
    return made;
  }
}

function waitingReasonOf(fitting: readonly Candidate[]): WaitingCode {
  if (fitting.length === 0) return 'no_fitting_worker';
  return fitting.every((candidate) => candidate.worker.draining) ? 'pool_draining' : 'pool_busy';
}
