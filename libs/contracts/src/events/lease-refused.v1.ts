import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { uuid } from './shapes.js';

/** A report carried a stale epoch: the worker is to stop that attempt; nothing of it counts. */
export const leaseRefused = defineEvent({
  type: 'io.millrace.lease.refused.v1',
  topic: 'worker.commands',
  source: 'scheduler',
  schema: z.object({
    workerId: z.string(),
    incarnation: uuid,
    taskId: uuid,
    tenantId: z.string(),
    attempt: z.number().int().positive(),
    epoch: z.number().int().nonnegative(),
    currentEpoch: z.number().int().nonnegative(),
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
    currentEpoch: 2,
  },
});
