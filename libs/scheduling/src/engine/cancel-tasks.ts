import type { EventData, taskCancelRequested } from '@millrace/contracts';
import type { TaskId, TenantId } from '@millrace/kernel';
import type { ReceivedEvent } from '@millrace/messaging/ports';
import { INBOX } from './consumer-names.js';
import type { Tombstone } from './ports/task-store.port.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';

export type TaskCancelRequestedEvent = ReceivedEvent<EventData<typeof taskCancelRequested>>;

/**
 * Cancels what waits; orders the worker of what runs to stop, and lets its first report or its expiry decide; leaves a
 * tombstone for a task whose request has not come yet. Another tenant's task is passed over.
 */
export class CancelTasks {
  constructor(private readonly context: SchedulingContext) {}

  async execute(events: readonly TaskCancelRequestedEvent[]): Promise<void> {
    const cancelled = await runAsLeader(this.context, async (scope) => {
      const fresh = (await scope.inbox.claim(INBOX.cancels, events)) as readonly TaskCancelRequestedEvent[];
      if (fresh.length === 0) return [];
      const wanted = fresh.map(({ data }) => toTombstone(data));
      const { clock, leaseMs } = this.context;
      const changes = new TaskChanges(await scope.tasks.load(wanted.map(({ taskId }) => taskId)), {
        now: clock.now(),
        leaseMs,
      });
      const unknown = wanted.filter(({ taskId }) => changes.task(taskId) === undefined);
      if (unknown.length > 0) await scope.tasks.leaveTombstones(unknown);
      for (const { taskId, tenantId } of wanted) {
        if (changes.task(taskId)?.tenantId === tenantId) changes.apply(taskId, { kind: 'cancelRequested' });
      }
      await changes.write(scope);
      return wanted.map(({ taskId }) => taskId).filter((taskId) => changes.task(taskId)?.state === 'cancelled');
    });
    this.context.record.endedWaiting(cancelled);
  }
}

function toTombstone(data: EventData<typeof taskCancelRequested>): Tombstone {
  return { taskId: data.taskId as TaskId, tenantId: data.tenantId as TenantId };
}
