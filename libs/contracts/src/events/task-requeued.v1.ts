import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { attemptSummary, lifecycleShape } from './shapes.js';

/** An attempt ended without an end of the task; the task is back in its own lane (QUE-10). */
export const taskRequeued = defineEvent({
  type: 'io.millrace.task.requeued.v1',
  topic: 'task.lifecycle',
  source: 'scheduler',
  schema: z.object({ ...lifecycleShape, attempt: attemptSummary, reason: z.enum(['preempted', 'lost', 'failed']) }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    sequence: 4,
    occurredAt: '2026-01-01T00:00:00.000Z',
    attempt: {
      number: 1,
      epoch: 1,
      worker: 'worker-1',
      pool: 'local',
      capacity: 'on_demand',
      outcome: 'lost',
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:30.000Z',
      gpuMs: 12000,
      resumedFromStep: 0,
      billable: true,
    },
    reason: 'lost',
  },
});
