import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { isoInstant, uuid } from './shapes.js';

/** A webhook was answered with 2xx. */
export const notificationDelivered = defineEvent({
  type: 'io.millrace.notification.delivered.v1',
  topic: 'notification.delivered',
  source: 'notifier',
  schema: z.object({
    deliveryId: uuid,
    eventId: uuid,
    eventType: z.string(),
    taskId: uuid,
    tenantId: z.string(),
    endpoint: z.string().describe('Origin of the URL, without path or query'),
    tries: z.number().int().positive(),
    statusCode: z.number().int(),
    deliveredAt: isoInstant,
  }),
  key: (data) => data.endpoint,
  subject: (data) => data.taskId,
  fixture: {
    deliveryId: '01890a5d-ac96-774b-bcce-b302099a8059',
    eventId: '01890a5d-ac96-774b-bcce-b302099a805a',
    eventType: 'task.completed',
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    endpoint: 'https://example.com',
    tries: 1,
    statusCode: 204,
    deliveredAt: '2026-01-01T00:00:21.000Z',
  },
});
