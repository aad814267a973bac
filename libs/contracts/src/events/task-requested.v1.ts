import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { generationParameters, isoInstant, resolution, resourceNeeds, taskInput, uuid } from './shapes.js';

/** A client's task was accepted. The only event that holds the prompt. */
export const taskRequested = defineEvent({
  type: 'io.millrace.task.requested.v1',
  topic: 'task.requested',
  source: 'gateway',
  schema: z.object({
    taskId: uuid,
    tenantId: z.string(),
    costCentre: z.string(),
    taskType: z.string().describe('ti2v-5B, t2v-A14B, i2v-A14B, noop …'),
    model: z.string(),
    priority: z.number().int().min(-1).max(1),
    input: taskInput,
    resolution: resolution.optional(),
    parameters: generationParameters,
    needs: resourceNeeds,
    typicalGpuSeconds: z
      .number()
      .positive()
      .optional()
      .describe("What the task type's profile says of a run, until its history tells better"),
    maxRetries: z.number().int().nonnegative(),
    callbackUrl: z.string().optional(),
    metadata: z.record(z.string(), z.string()),
    requestedAt: isoInstant,
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    costCentre: 'default',
    taskType: 'ti2v-5B',
    model: 'demo-video@1',
    priority: 0,
    input: { prompt: 'a red ball bouncing at night' },
    resolution: { width: 832, height: 480 },
    parameters: { seed: 7, steps: 24, durationS: 4 },
    needs: { gpus: 1, vramMiB: 22_528 },
    maxRetries: 3,
    metadata: { customer: 'acme' },
    requestedAt: '2026-01-01T00:00:00.000Z',
  },
});
