import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { milliseconds, uuid } from './shapes.js';

/** The worker is to take no more work, checkpoint, hand back and leave (WRK-14). */
export const drainRequested = defineEvent({
  type: 'io.millrace.drain.requested.v1',
  topic: 'worker.commands',
  source: 'scheduler',
  schema: z.object({
    workerId: z.string(),
    incarnation: uuid,
    graceMs: milliseconds,
    reason: z.string(),
  }),
  key: (data) => data.workerId,
  subject: () => undefined,
  fixture: {
    workerId: 'worker-1',
    incarnation: '01890a5d-ac96-774b-bcce-b302099a8058',
    graceMs: 120000,
    reason: 'spot_notice',
  },
});
