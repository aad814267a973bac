import type { EventData, taskRequested } from '@millrace/contracts';
import type { TaskId, TenantId } from '@millrace/kernel';
import type { NewEvent, ReceivedEvent } from '@millrace/messaging/ports';
import type { Task, TaskRequest } from '../domain/task.js';
import { enqueue, transition, type Transition } from '../domain/transition.js';
import { INBOX } from './consumer-names.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import type { ServiceRecord } from './service-record.js';
import { toMessage } from './task-messages.js';

export type TaskRequestedEvent = ReceivedEvent<EventData<typeof taskRequested>>;

/** Puts requested tasks in their lanes, once each. One whose cancellation came first is cancelled at once. */
export class AcceptTasks {
  constructor(private readonly context: SchedulingContext) {}

  /** Returns how many tasks are new in a lane. */
  async execute(events: readonly TaskRequestedEvent[]): Promise<number> {
    const queued = await runAsLeader(this.context, async (scope) => {
      const fresh = (await scope.inbox.claim(INBOX.requests, events)) as readonly TaskRequestedEvent[];
      if (fresh.length === 0) return [];
      const requests = fresh.map((event) => toRequest(event, this.context.record));
      const tombstones = await scope.tasks.tombstonesOf(requests.map(({ id }) => id));
      const cancelled = new Set(tombstones.map(({ taskId, tenantId }) => `${taskId}/${tenantId}`));
      const entered = requests.map((request) =>
        this.enter(request, cancelled.has(`${request.id}/${request.tenantId}`)),
      );
      const added = await scope.tasks.insert(entered.map(({ task }) => task));
      const kept = entered.filter(({ task }) => added.has(task.id));
      await scope.outbox.add(kept.flatMap(({ messages }) => messages));
      return kept.map(({ task }) => task).filter(({ state }) => state === 'queued');
    });
    this.context.record.arrived(queued, this.context.clock.now());
    return queued.length;
  }

  private enter(request: TaskRequest, isCancelled: boolean): { task: Task; messages: readonly NewEvent[] } {
    const now = this.context.clock.now();
    const queued = enqueue(request, now);
    const steps: Transition[] = isCancelled
      ? [queued, transition(queued.next, { kind: 'cancelRequested' }, now)]
      : [queued];
    const messages = steps.flatMap(({ next, events }) =>
      events.map((event) => toMessage(next, event, this.context.leaseMs)),
    );
    return { task: steps.at(-1)?.next ?? queued.next, messages };
  }
}

function toRequest({ data, traceparent }: TaskRequestedEvent, record: ServiceRecord): TaskRequest {
  const { taskType, model, input, parameters, typicalGpuSeconds } = data;
  const work = { model, input, resolution: data.resolution ?? null, parameters };
  return {
    id: data.taskId as TaskId,
    tenantId: data.tenantId as TenantId,
    costCentre: data.costCentre,
    taskType,
    priority: data.priority,
    work,
    needs: data.needs,
    maxRetries: data.maxRetries,
    callbackUrl: data.callbackUrl ?? null,
    metadata: data.metadata,
    requestedAt: Date.parse(data.requestedAt),
    traceparent: traceparent ?? null,
    prediction: record.foretell({ taskType, work }, typicalGpuSeconds),
  };
}
