import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { attemptSummary, lifecycleShape } from './shapes.js';

/** The worker began the attempt. */
export const taskStarted = defineEvent({
  type: 'io.millrace.task.started.v1',
  topic: 'task.lifecycle',
  source: 'scheduler',
  schema: z.object({ ...lifecycleShape, attempt: attemptSummary }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    sequence: 3,
    occurredAt: '2026-01-01T00:00:00.000Z',
    attempt: {
      number: 1,
      epoch: 1,
      worker: 'worker-1',
      pool: 'local',
      capacity: 'on_demand',
      outcome: null,
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: null,
      gpuMs: 0,
      resumedFromStep: 0,
      billable: true,
    },
  },
});
