import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { uuid } from './shapes.js';

/** The worker is to stop an attempt at its next step and hand it back: a task of a higher class needs the place (QUE-11). */
export const preemptRequested = defineEvent({
  type: 'io.millrace.preempt.requested.v1',
  topic: 'worker.commands',
  source: 'scheduler',
  schema: z.object({
    workerId: z.string(),
    incarnation: uuid,
    taskId: uuid,
    tenantId: z.string(),
    attempt: z.number().int().positive(),
    epoch: z.number().int().nonnegative(),
    reason: z.string(),
  }),
  key: (data) => data.workerId,
  subject: (data) => data.taskId,
  fixture: {
    workerId: 'worker-1',
    incarnation: '01890a5d-ac96-774b-bcce-b302099a8058',
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    attempt: 1,
    epoch: 1,
    reason: 'higher_class',
  },
});
