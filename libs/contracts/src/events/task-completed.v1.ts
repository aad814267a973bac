import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import {
  artifact,
  attemptSummary,
  isoInstant,
  lifecycleShape,
  mediaSummary,
  milliseconds,
  nanoDollars,
} from './shapes.js';

/** Terminal: the result is durable. Artifacts are named, never signed. */
export const taskCompleted = defineEvent({
  type: 'io.millrace.task.completed.v1',
  topic: 'task.lifecycle',
  source: 'scheduler',
  schema: z.object({
    ...lifecycleShape,
    taskType: z.string(),
    status: z.literal('completed'),
    requestedAt: isoInstant,
    callbackUrl: z.string().optional(),
    metadata: z.record(z.string(), z.string()),
    attempts: z.array(attemptSummary),
    gpuMs: milliseconds,
    provisionalCost: nanoDollars,
    processingMs: milliseconds.describe('From the first start to the end'),
    artifacts: z.array(artifact),
    media: mediaSummary.optional(),
    engine: z.string(),
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    sequence: 4,
    occurredAt: '2026-01-01T00:00:00.000Z',
    taskType: 'ti2v-5B',
    status: 'completed',
    requestedAt: '2026-01-01T00:00:00.000Z',
    metadata: {},
    attempts: [],
    gpuMs: 12000,
    provisionalCost: '3100000',
    processingMs: 14000,
    artifacts: [],
    engine: 'onnx-demo',
  },
});
