import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { milliseconds, uuid } from './shapes.js';

/** How far an attempt is. Lossy: the newest counts. Monotonic per attempt (WRK-10). */
export const taskProgressed = defineEvent({
  type: 'io.millrace.task.progressed.v1',
  topic: 'task.progress',
  source: 'gpu-worker',
  schema: z.object({
    taskId: uuid,
    tenantId: z.string(),
    attempt: z.number().int().positive(),
    epoch: z.number().int().nonnegative(),
    step: z.number().int().nonnegative(),
    totalSteps: z.number().int().positive(),
    stage: z.string().describe('denoising, rendering, uploading'),
    percent: z.number().min(0).max(100),
    remainingMs: milliseconds.optional(),
    preview: z.object({ mediaType: z.string(), base64: z.string() }).optional().describe('At most one a second'),
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    attempt: 1,
    epoch: 1,
    step: 12,
    totalSteps: 120,
    stage: 'denoising',
    percent: 10,
  },
});
