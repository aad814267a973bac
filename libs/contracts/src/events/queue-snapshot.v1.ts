import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { isoInstant } from './shapes.js';

/** What waits and what runs, at most once a second. Lossy. */
export const queueSnapshot = defineEvent({
  type: 'io.millrace.queue.snapshot.v1',
  topic: 'queue.snapshot',
  source: 'scheduler',
  schema: z.object({
    pool: z.string(),
    at: isoInstant,
    workers: z.number().int(),
    freeSlots: z.number().int(),
    dispatchLagMs: z
      .number()
      .int()
      .optional()
      .describe('Age of the oldest request that the scheduler has not taken yet, in whole seconds'),
    lanes: z.array(
      z.object({
        taskType: z.string(),
        priority: z.number().int(),
        waiting: z.number().int(),
        running: z.number().int(),
        oldestRequestedAt: isoInstant.nullable(),
        waitingReason: z
          .object({ code: z.string(), text: z.string() })
          .optional()
          .describe('Why the first waiting task of the lane waits'),
      }),
    ),
  }),
  key: (data) => data.pool,
  subject: () => undefined,
  fixture: {
    pool: 'local',
    at: '2026-01-01T00:00:00.000Z',
    workers: 1,
    freeSlots: 1,
    lanes: [
      { taskType: 'ti2v-5B', priority: 0, waiting: 2, running: 1, oldestRequestedAt: '2026-01-01T00:00:00.000Z' },
    ],
  },
});
