import { sleep, type Clock, type DurationMs, type TaskId, type TenantId } from '@millrace/kernel';
import { hasEnded, type TaskView } from '../domain/task-view.js';
import type { ReadTasks } from './read-tasks.js';
import type { TaskWatch } from './task-watch.js';

/** Looks again after so long even when nobody wakes: another replica may have written the change. */
const POLL_MS: DurationMs = 1000;

/** Waits for the end of a task (`Prefer: wait`). */
export class AwaitTask {
  constructor(
    private readonly tasks: ReadTasks,
    private readonly watch: TaskWatch,
    private readonly clock: Clock,
  ) {}

  /** The view when the task has ended, or after `waitMs` as it is then. Error: `task_not_found`. */
  async execute(tenantId: TenantId, id: TaskId, waitMs: DurationMs): Promise<TaskView> {
    const deadlineMs = this.clock.monotonicMs() + waitMs;
    for (;;) {
      const woken = this.nextWake(id);
      try {
        const view = await this.tasks.one(tenantId, id);
        const leftMs = deadlineMs - this.clock.monotonicMs();
        if (hasEnded(view) || leftMs <= 0) return view;
        await woken.orAfter(Math.min(leftMs, POLL_MS));
      } finally {
        woken.cancel();
      }
    }
  }

  /** Subscribes before the read, so that no change between the two is missed. */
  private nextWake(id: TaskId): { orAfter(ms: DurationMs): Promise<void>; cancel(): void } {
    const awake = new AbortController();
    const unsubscribe = this.watch.subscribe(id, () => awake.abort());
    return { orAfter: (ms) => sleep(this.clock, ms, awake.signal), cancel: unsubscribe };
  }
}
