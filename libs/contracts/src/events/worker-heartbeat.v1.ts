import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { instanceMs, uuid } from './shapes.js';

/** The worker lives. Renews the leases it lists; a lease it lacks twice is sent again. */
export const workerHeartbeat = defineEvent({
  type: 'io.millrace.worker.heartbeat.v1',
  topic: 'worker.heartbeat',
  source: 'gpu-worker',
  schema: z.object({
    workerId: z.string(),
    incarnation: uuid,
    at: instanceMs,
    draining: z.boolean(),
    leaving: z.boolean().describe('Last heartbeat of an orderly stop'),
    leases: z.array(z.object({ taskId: uuid, attempt: z.number().int(), epoch: z.number().int() })),
  }),
  key: (data) => data.workerId,
  subject: () => undefined,
  fixture: {
    workerId: 'worker-1',
    incarnation: '01890a5d-ac96-774b-bcce-b302099a8058',
    at: 5000,
    draining: false,
    leaving: false,
    leases: [],
  },
});
