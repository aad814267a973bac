import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { gpuHealth, instanceMs, uuid } from './shapes.js';

/** A worker incarnation reads its commands and wants work. */
export const workerRegistered = defineEvent({
  type: 'io.millrace.worker.registered.v1',
  topic: 'worker.registered',
  source: 'gpu-worker',
  schema: z.object({
    workerId: z.string(),
    incarnation: uuid,
    instanceId: z.string(),
    pool: z.string(),
    capacity: z.enum(['spot', 'on_demand']),
    gpuType: z.string(),
    gpus: z.number().int().positive(),
    vramMiB: z.number().int().nonnegative().describe('Per GPU'),
    slots: z.number().int().positive().describe('Attempts at once'),
    taskTypes: z.array(z.string()),
    engine: z.string(),
    version: z.string(),
    at: instanceMs,
    driver: z.string().optional().describe('As 535.104.5; a floor that a task asks for is passed only by what is told'),
    cuda: z.string().optional(),
    purpose: z.enum(['training', 'inference']).optional().describe('Takes work of this purpose only'),
    taints: z.array(z.string()).optional(),
    labels: z.record(z.string(), z.string()).optional(),
    zone: z.string().optional(),
    rack: z.string().optional(),
    cpuMilli: z.number().int().positive().optional(),
    ramMiB: z.number().int().positive().optional(),
    loadedModels: z.array(z.string()).optional(),
    measuredIdlePercent: z.number().min(0).max(100).optional(),
    devices: z
      .array(
        z.object({
          mode: z.enum(['whole', 'shared', 'mig']),
          slicesMiB: z.array(z.number().int().positive()).optional().describe('Memory of each MIG slice'),
          profiles: z
            .array(z.string())
            .optional()
            .describe(
              'MIG profile of each slice, as 3g.20gb; a partition that the GPU type does not allow is not used',
            ),
          listed: z.boolean().optional().describe('The driver lists these slices: they are taken as they are'),
          nvlinkGroup: z.number().int().optional(),
          faulty: z.boolean().optional().describe('Out of service'),
        }),
      )
      .max(31)
      .optional()
      .describe('Each GPU; absent: slots alone bound what runs at once'),
    gpuHealth: gpuHealth.optional(),
  }),
  key: (data) => data.workerId,
  subject: () => undefined,
  fixture: {
    workerId: 'worker-1',
    incarnation: '01890a5d-ac96-774b-bcce-b302099a8058',
    instanceId: 'instance-1',
    pool: 'local',
    capacity: 'on_demand',
    gpuType: 'virtual',
    gpus: 1,
    vramMiB: 81920,
    slots: 1,
    taskTypes: ['ti2v-5B'],
    engine: 'onnx-demo',
    version: '0.1.0',
    at: 0,
  },
});
