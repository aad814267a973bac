import { z } from 'zod';
import { defineRoute } from './define-route.js';
import { idText, isoAnswer, pageOf, pageQuery, uuidAnswer } from './fields.js';

export const webhookSecretAnswer = z
  .object({
    secret: z.string().describe('`whsec_…`: verify with any Standard Webhooks library'),
    previous: z
      .object({ secret: z.string(), expires_at: isoAnswer })
      .nullable()
      .describe('The secret before, while it still signs'),
    created_at: isoAnswer,
  })
  .meta({ id: 'WebhookSecret' });
export type WebhookSecretAnswer = z.infer<typeof webhookSecretAnswer>;

/** Owned by the notifier; the gateway forwards it. */
export const getWebhookSecret = defineRoute({
  operationId: 'getWebhookSecret',
  method: 'GET',
  path: '/api/v1/webhooks/secret',
  tag: 'Webhooks',
  summary: "The tenant's default secret: callbacks are signed with it",
  service: 'notifier',
  access: 'webhooks:read',
  request: { query: z.strictObject({}) },
  responses: { 200: { description: 'The secret', schema: webhookSecretAnswer } },
});

export const deliveryAnswer = z
  .object({
    id: uuidAnswer,
    event_id: uuidAnswer.describe('`webhook-id`: the same on every try'),
    type: z.string().describe('`task.completed` …'),
    task_id: uuidAnswer,
    url: z.string(),
    state: z.enum(['pending', 'delivered', 'failed']),
    created_at: isoAnswer,
    next_try_at: isoAnswer.nullable(),
    tries: z.array(
      z.object({
        number: z.number().int().positive(),
        at: isoAnswer,
        status_code: z.number().int().nullable(),
        latency_ms: z.number().int().nonnegative(),
        error: z.string().nullable().describe('Class of the error, such as timeout, refused_address, status_5xx'),
      }),
    ),
  })
  .meta({ id: 'WebhookDelivery' });
export type DeliveryAnswer = z.infer<typeof deliveryAnswer>;

/** Owned by the notifier; the gateway forwards it. */
export const listDeliveries = defineRoute({
  operationId: 'listDeliveries',
  method: 'GET',
  path: '/api/v1/webhooks/deliveries',
  tag: 'Webhooks',
  summary: 'The delivery log, newest first',
  service: 'notifier',
  access: 'webhooks:read',
  request: { query: z.strictObject({ ...pageQuery, task: idText.optional() }) },
  responses: {
    200: { description: 'A page of deliveries', schema: pageOf(deliveryAnswer).meta({ id: 'DeliveryPage' }) },
  },
});
