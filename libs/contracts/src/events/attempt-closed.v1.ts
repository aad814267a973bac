import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { attemptOutcome, instanceMs, uuid } from './shapes.js';

/**
 * The scheduler closed an attempt. `final` marks the last of its task; `segmentCount` is absent when the worker was lost.
 * A task that ends while it waits for another attempt has its last one closed once more, as final.
 */
export const attemptClosed = defineEvent({
  type: 'io.millrace.attempt.closed.v1',
  topic: 'attempt.closed',
  source: 'scheduler',
  schema: z.object({
    taskId: uuid,
    tenantId: z.string(),
    attempt: z.number().int().positive(),
    epoch: z.number().int().nonnegative(),
    costCentre: z.string(),
    workerId: z.string(),
    instanceId: z.string(),
    pool: z.string(),
    outcome: attemptOutcome,
    fault: z
      .enum(['user', 'platform'])
      .optional()
      .describe('Whose fault a failed attempt was: platform time is never charged. Absent counts as user'),
    closedAt: instanceMs,
    segmentCount: z.number().int().nonnegative().optional(),
    final: z.boolean(),
    sequence: z.number().int().positive().describe('Of the lifecycle event of the same change'),
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    attempt: 1,
    epoch: 1,
    costCentre: 'default',
    workerId: 'worker-1',
    instanceId: 'instance-1',
    pool: 'local',
    outcome: 'succeeded',
    closedAt: 14000,
    segmentCount: 2,
    final: true,
    sequence: 4,
  },
});
