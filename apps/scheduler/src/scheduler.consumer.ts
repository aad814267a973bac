import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  attemptReported,
  taskCancelRequested,
  taskRequested,
  workerHeartbeat,
  workerRegistered,
  type EventData,
  type EventDefinition,
} from '@millrace/contracts';
import { ACK, isEvent, type HandlerResult, type ReceivedEvent } from '@millrace/messaging/ports';
import { EventConsumer } from '@millrace/platform';
import { Scheduler } from '@millrace/scheduling';

/** Opened by the scheduler while it leads: only the leader subscribes. */
export const LEADER_GATE = 'scheduler.leader';

/** Whose lag tells whether requests are taken in time. */
export const TASKS_GROUP = 'scheduler.tasks';

/** Whose lag tells whether heartbeats are read in time. */
export const WORKERS_GROUP = 'scheduler.workers';

/** Whose lag tells whether reports are: an attempt may have ended, and we do not know it yet. */
export const REPORTS_GROUP = 'scheduler.reports';

/**
 * The scheduler's consumers. Each hands a whole batch to one use case, and so to one transaction; a scheduler that does
 * not lead rejects with `unavailable`, and the partition waits.
 */
@Controller()
export class SchedulerConsumer {
  constructor(@Inject(Scheduler) private readonly scheduler: Scheduler) {}

  @EventConsumer({
    group: TASKS_GROUP,
    topics: ['task.requested', 'task.cancel-requested'],
    from: 'committed',
    gate: LEADER_GATE,
  })
  async tasks(@Payload() events: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
    const requests = only(events, taskRequested);
    const cancels = only(events, taskCancelRequested);
    if (requests.length > 0) await this.scheduler.acceptTasks(requests);
    if (cancels.length > 0) await this.scheduler.cancelTasks(cancels);
    return events.map(() => ACK);
  }

  @EventConsumer({ group: REPORTS_GROUP, topics: ['attempt.reported'], from: 'committed', gate: LEADER_GATE })
  async reports(@Payload() events: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
    await this.scheduler.applyReports(only(events, attemptReported));
    return events.map(() => ACK);
  }

  @EventConsumer({
    group: WORKERS_GROUP,
    topics: ['worker.registered', 'worker.heartbeat'],
    from: 'committed',
    gate: LEADER_GATE,
  })
  async workers(@Payload() events: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
    const registrations = only(events, workerRegistered);
    const heartbeats = only(events, workerHeartbeat);
    if (registrations.length > 0) await this.scheduler.registerWorkers(registrations);
    if (heartbeats.length > 0) await this.scheduler.renewLeases(heartbeats);
    return events.map(() => ACK);
  }
}

function only<Definition extends EventDefinition>(
  events: readonly ReceivedEvent[],
  definition: Definition,
): readonly ReceivedEvent<EventData<Definition>>[] {
  return events.filter((event) => isEvent(event, definition)) as readonly ReceivedEvent<EventData<Definition>>[];
}
