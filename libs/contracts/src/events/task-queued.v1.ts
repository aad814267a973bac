import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { isoInstant, lifecycleShape } from './shapes.js';

/** The scheduler put the task in its lane (task type × priority). */
export const taskQueued = defineEvent({
  type: 'io.millrace.task.queued.v1',
  topic: 'task.lifecycle',
  source: 'scheduler',
  schema: z.object({
    ...lifecycleShape,
    taskType: z.string(),
    priority: z.number().int(),
    callbackUrl: z.string().optional(),
    requestedAt: isoInstant,
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    sequence: 1,
    occurredAt: '2026-01-01T00:00:00.000Z',
    taskType: 'ti2v-5B',
    priority: 0,
    requestedAt: '2026-01-01T00:00:00.000Z',
  },
});
