import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { attemptSummary, failure, isoInstant, lifecycleShape, milliseconds, nanoDollars } from './shapes.js';

/** Terminal: no retry is left, or none would help. */
export const taskFailed = defineEvent({
  type: 'io.millrace.task.failed.v1',
  topic: 'task.lifecycle',
  source: 'scheduler',
  schema: z.object({
    ...lifecycleShape,
    taskType: z.string(),
    status: z.literal('failed'),
    requestedAt: isoInstant,
    callbackUrl: z.string().optional(),
    metadata: z.record(z.string(), z.string()),
    attempts: z.array(attemptSummary),
    gpuMs: milliseconds,
    provisionalCost: nanoDollars,
    processingMs: milliseconds.describe('From the first start to the end'),
    reason: z.string(),
    error: failure,
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    sequence: 4,
    occurredAt: '2026-01-01T00:00:00.000Z',
    taskType: 'ti2v-5B',
    status: 'failed',
    requestedAt: '2026-01-01T00:00:00.000Z',
    metadata: {},
    attempts: [],
    gpuMs: 12000,
    provisionalCost: '3100000',
    processingMs: 14000,
    reason: 'crash',
    error: { code: 'engine_crashed', message: 'The engine stopped.', retryable: true },
  },
});
