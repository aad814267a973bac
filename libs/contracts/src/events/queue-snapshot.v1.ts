import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { waitingReason } from '../waiting-reason.js';
import { isoInstant } from './shapes.js';

/** From now on, in seconds: half of the tasks are so far by then, and nine of ten. */
const secondsAhead = z.object({ p50: z.number().nonnegative(), p90: z.number().nonnegative() });

/** Where a task stands in the order of service, over all tenants. Approximate: what comes later may be served before it. */
const place = z.object({
  requestedAt: isoInstant,
  position: z.number().int().positive(),
  aheadGpuSeconds: z.number().nonnegative(),
  startS: secondsAhead.optional().describe('Absent where nothing that runs will serve it'),
  finishS: secondsAhead.optional(),
});

/** What one tenant waits for in a lane. Shown to that tenant only. */
const tenantQueue = z.object({
  tenantId: z.string(),
  waiting: z.number().int().positive(),
  waitingReason: waitingReason.optional().describe('Why the first of them waits'),
  first: place.optional(),
  last: place.optional().describe('The others stand in between'),
  inRequestOrder: z
    .boolean()
    .optional()
    .describe('Whether they are served in the order of their requests; else any of them may stand anywhere in between'),
  basis: z.enum(['history', 'profile']).optional().describe('What the figures rest on'),
});

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
        waitingReason: waitingReason
          .optional()
          .describe("Why the first task of the lane waits that does not wait for its tenant's own sake"),
        tenants: z.array(tenantQueue).optional().describe('With very many tenants, the first in order of service'),
      }),
    ),
    catalogue: z
      .array(
        z.object({
          pool: z.string(),
          taskTypes: z.array(z.string()),
          gpus: z.number().int().positive(),
          vramMiB: z.number().int().nonnegative().describe('Per GPU'),
        }),
      )
      .optional()
      .describe('Machines of every pool that was declared, whether one runs or not: a task that fits none is refused'),
    unfit: z
      .array(z.object({ taskType: z.string(), text: z.string() }))
      .optional()
      .describe('Task types that pools name and no declared machine could run, and why'),
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
