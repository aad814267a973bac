import type { DeliveryAnswer } from '@millrace/contracts';
import { AppError, isInstant, isUuid, toIso } from '@millrace/kernel';
import { originOf, type Delivery } from '@millrace/notifications';
import type { DeliveryPage, LoggedDelivery } from '@millrace/notifications/ports';

export function deliveryToHttp({ delivery, tries }: LoggedDelivery): DeliveryAnswer {
  return {
    id: delivery.id,
    event_id: delivery.eventId,
    type: delivery.eventType,
    task_id: delivery.taskId,
    url: withoutQuery(delivery.url),
    state: delivery.state,
    created_at: toIso(delivery.createdAt),
    next_try_at: delivery.nextTryAt === null ? null : toIso(delivery.nextTryAt),
    tries: tries.map(({ number, at, outcome }) => ({
      number,
      at: toIso(at),
      status_code: outcome.statusCode,
      latency_ms: outcome.latencyMs,
      error: outcome.error,
    })),
  };
}

/** Queries of callback URLs often hold tokens: the log shows where, not how. */
function withoutQuery(url: string): string {
  const path = url.slice(originOf(url).length).split(/[?#]/)[0] ?? '';
  return `${originOf(url)}${path}`;
}

/** Opaque to clients: where the next page begins. */
export function cursorOf({ createdAt, id }: Delivery): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url');
}

export function positionOf(cursor: string): NonNullable<DeliveryPage['before']> {
  try {
    const [createdAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
    if (isInstant(createdAt) && typeof id === 'string' && isUuid(id)) return { createdAt, id };
  } catch {
    // Falls through to the one message for every kind of broken cursor.
  }
  const message = 'cursor is not one of ours: pass on next_cursor as it came.';
  throw new AppError({
    kind: 'validation',
    code: 'validation_failed',
    message,
    errors: [{ pointer: '/query/cursor', message }],
  });
}
