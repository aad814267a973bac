import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { attemptOutcome, isoInstant, milliseconds, nanoDollars, uuid } from './shapes.js';

/** The final cost of a task, after its last attempt was settled. Once per task. */
export const taskCharged = defineEvent({
  type: 'io.millrace.task.charged.v1',
  topic: 'billing.charged',
  source: 'billing',
  schema: z.object({
    taskId: uuid,
    tenantId: z.string(),
    sequence: z.number().int().positive().describe('Of the terminal lifecycle event'),
    chargedAt: isoInstant,
    cost: nanoDollars,
    currency: z.literal('USD'),
    gpuMs: milliseconds,
    billedGpuMs: milliseconds,
    pricePerGpuHour: nanoDollars,
    byAttempt: z.array(
      z.object({
        attempt: z.number().int(),
        epoch: z.number().int(),
        outcome: attemptOutcome,
        gpuMs: milliseconds,
        cost: nanoDollars,
        account: z.string(),
      }),
    ),
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    sequence: 4,
    chargedAt: '2026-01-01T00:00:20.000Z',
    cost: '3100000',
    currency: 'USD',
    gpuMs: 12400,
    billedGpuMs: 12400,
    pricePerGpuHour: '900000000',
    byAttempt: [
      { attempt: 1, epoch: 1, outcome: 'succeeded', gpuMs: 12400, cost: '3100000', account: 'tenant:acme:default' },
    ],
  },
});
