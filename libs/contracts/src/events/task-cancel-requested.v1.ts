import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { isoInstant, uuid } from './shapes.js';

/** A client asked to cancel a task. May overtake the task's request: the scheduler keeps a tombstone then. */
export const taskCancelRequested = defineEvent({
  type: 'io.millrace.task.cancel-requested.v1',
  topic: 'task.cancel-requested',
  source: 'gateway',
  schema: z.object({ taskId: uuid, tenantId: z.string(), requestedAt: isoInstant }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    requestedAt: '2026-01-01T00:00:00.000Z',
  },
});
