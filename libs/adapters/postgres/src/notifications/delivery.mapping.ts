import type { Delivery, DeliveryContent, DeliveryState, DeliveryTry, TryOutcome } from '@millrace/notifications';

/** A row of notifier.deliveries. */
export interface DeliveryRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly task_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly url: string;
  readonly occurred_at: string;
  readonly content: DeliveryContent;
  readonly traceparent: string | null;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly created_at: Date;
  readonly next_try_at: Date | null;
}

export interface TryRow {
  readonly delivery_id: string;
  readonly number: number;
  readonly at: Date;
  readonly outcome: TryOutcome;
}

export function deliveryFromRow(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    taskId: row.task_id,
    eventId: row.event_id,
    eventType: row.event_type,
    url: row.url,
    occurredAt: row.occurred_at,
    content: row.content,
    traceparent: row.traceparent ?? undefined,
    state: row.state,
    tries: row.tries,
    createdAt: row.created_at.getTime(),
    nextTryAt: row.next_try_at?.getTime() ?? null,
  };
}

export function tryFromRow(row: TryRow): DeliveryTry {
  return { deliveryId: row.delivery_id, number: row.number, at: row.at.getTime(), outcome: row.outcome };
}
