import type { Delivery } from '../domain/delivery.js';

let made = 0;

/** A pending delivery; a test states only what matters. */
export function aDelivery(overrides: Partial<Delivery> = {}): Delivery {
  const number = String(++made).padStart(12, '0');
  return {
    id: `01890a5d-0000-7000-8000-${number}`,
    tenantId: 'acme',
    taskId: `01890a5d-0001-7000-8000-${number}`,
    eventId: `01890a5d-0002-7000-8000-${number}`,
    eventType: 'task.completed',
    url: 'https://example.com/hook',
    occurredAt: '2026-01-01T00:00:00.000Z',
    content: { data: { status: 'completed' } },
    traceparent: undefined,
    state: 'pending',
    tries: 0,
    createdAt: 1000,
    nextTryAt: 1000,
    ...overrides,
  };
}
