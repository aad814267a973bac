import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import {
  checkpointReference,
  generationParameters,
  milliseconds,
  nanoDollars,
  resolution,
  taskInput,
  uuid,
} from './shapes.js';

/** One attempt is leased to one worker incarnation. Sent again with the same epoch when two heartbeats lack it. */
export const taskAssigned = defineEvent({
  type: 'io.millrace.task.assigned.v1',
  topic: 'worker.commands',
  source: 'scheduler',
  schema: z.object({
    workerId: z.string(),
    incarnation: uuid,
    taskId: uuid,
    tenantId: z.string(),
    attempt: z.number().int().positive(),
    epoch: z.number().int().nonnegative(),
    costCentre: z.string(),
    taskType: z.string(),
    model: z.string(),
    input: taskInput,
    resolution: resolution.optional(),
    parameters: generationParameters,
    devices: z.array(z.number().int().nonnegative()).optional().describe("Positions among the worker's GPUs"),
    deviceMilli: z
      .array(z.number().int().min(0).max(1000))
      .optional()
      .describe(
        "Thousandths of each of these GPUs that the attempt is granted; of a MIG slice its part of the GPU's compute",
      ),
    leaseMs: milliseconds,
    pricePerGpuHour: nanoDollars,
    resumeFrom: checkpointReference.optional(),
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
    costCentre: 'default',
    taskType: 'ti2v-5B',
    model: 'demo-video@1',
    input: { prompt: 'a red ball' },
    resolution: { width: 832, height: 480 },
    parameters: {},
    leaseMs: 30000,
    pricePerGpuHour: '900000000',
  },
});
