import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { instanceMs, nanoDollars, uuid } from './shapes.js';

/** An instance came or went. All times are on the instance clock; the price is in force from `at`. */
export const capacityChanged = defineEvent({
  type: 'io.millrace.capacity.changed.v1',
  topic: 'capacity.changed',
  source: 'scheduler',
  schema: z.object({
    pool: z.string(),
    instanceId: z.string(),
    workerId: z.string(),
    incarnation: uuid,
    change: z.enum(['opened', 'price', 'closed']),
    gpus: z.number().int().positive(),
    gpuType: z.string(),
    capacity: z.enum(['spot', 'on_demand']),
    pricePerGpuHour: nanoDollars,
    at: instanceMs.describe('closed: the time the instance was held'),
  }),
  key: (data) => data.pool,
  subject: () => undefined,
  fixture: {
    pool: 'local',
    instanceId: 'instance-1',
    workerId: 'worker-1',
    incarnation: '01890a5d-ac96-774b-bcce-b302099a8058',
    change: 'opened',
    gpus: 1,
    gpuType: 'virtual',
    capacity: 'on_demand',
    pricePerGpuHour: '900000000',
    at: 0,
  },
});
