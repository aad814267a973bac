import type { DurationMs } from '@millrace/kernel';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';

const MAX_PER_RUN = 500;

/** Ends tasks that waited longer than the queue's time to live and were never leased: expired, never billed. */
export class ExpireTasks {
  constructor(
    private readonly context: SchedulingContext,
    private readonly queueTtlMs: DurationMs,
  ) {}

  /** Returns how many expired, at most 500. */
  async execute(): Promise<number> {
    const expired = await runAsLeader(this.context, async (scope) => {
      const { clock, leaseMs } = this.context;
      const overdue = await scope.tasks.overdue(clock.now() - this.queueTtlMs, MAX_PER_RUN);
      const changes = new TaskChanges(overdue, { now: clock.now(), leaseMs });
      const ended = overdue.filter((task) => changes.apply(task.id, { kind: 'expired' }));
      await changes.write(scope);
      return ended;
    });
    this.context.record.endedWaiting(expired.map(({ id }) => id));
    return expired.length;
  }
}
