import { taskCancelled, taskCompleted, taskExpired, taskFailed } from '@millrace/contracts';
import type { Clock, IdGenerator } from '@millrace/kernel';
import {
  isEvent,
  traceIdOf,
  type ReceivedEvent,
  type TransactionScope,
  type UnitOfWork,
} from '@millrace/messaging/ports';
import type { Delivery } from '../domain/delivery.js';
import { webhookContent, type EndedTask } from '../domain/webhook-content.js';
import type { DeliveryStore } from './ports/delivery-store.port.js';

export interface NotificationStores {
  readonly deliveries: DeliveryStore;
}
export type NotificationUnitOfWork = UnitOfWork<NotificationStores & TransactionScope>;

/** Turns the end of a task into a delivery to its callback URL (NTF-01). Once per event, however often it comes. */
export class PlanDeliveries {
  constructor(
    private readonly unitOfWork: NotificationUnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly planned: () => void,
  ) {}

  /** Plans the deliveries of a batch in one transaction. Events of running tasks need none. */
  async run(consumer: string, events: readonly ReceivedEvent[]): Promise<void> {
    const ended = events.filter((event) => callbackOf(event) !== undefined);
    if (ended.length === 0) return;
    await this.unitOfWork.run(async ({ inbox, deliveries }) => {
      const fresh = await inbox.claim(consumer, ended);
      if (fresh.length > 0) await deliveries.add(fresh.map((event) => this.plan(event)));
    });
    this.planned();
  }

  private plan(event: ReceivedEvent): Delivery {
    const task = event.data as EndedTask & { readonly tenantId: string };
    const now = this.clock.now();
    const traceId = traceIdOf(event.traceparent);
    return {
      id: this.ids.next(),
      tenantId: task.tenantId,
      taskId: task.taskId,
      eventId: event.id,
      eventType: `task.${task.status}`,
      url: callbackOf(event) ?? '',
      occurredAt: task.occurredAt,
      content: webhookContent({ ...task, ...(traceId === undefined ? {} : { traceId }) }),
      traceparent: event.traceparent,
      state: 'pending',
      tries: 0,
      createdAt: now,
      nextTryAt: now,
    };
  }
}

function callbackOf(event: ReceivedEvent): string | undefined {
  if (
    isEvent(event, taskCompleted) ||
    isEvent(event, taskFailed) ||
    isEvent(event, taskCancelled) ||
    isEvent(event, taskExpired)
  ) {
    return event.data.callbackUrl;
  }
  return undefined;
}
