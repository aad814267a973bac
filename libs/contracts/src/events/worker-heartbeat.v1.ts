import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { gpuHealth, instanceMs, uuid } from './shapes.js';

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
    loadedModels: z.array(z.string()).optional().describe('Models in memory now; absent: as told before'),
    measuredIdlePercent: z
      .number()
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe('Share of the last minutes in which its GPUs ran nothing; absent: as told before'),
    gpuHealth: gpuHealth.optional(),
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
