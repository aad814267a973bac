import { z } from 'zod';
import { defineRoute } from './define-route.js';
import { isoAnswer, uuidAnswer } from './fields.js';

/** `permanent`: until its worker is started anew; otherwise until the fault has not shown for ten minutes. */
const gpuFaultAnswer = z
  .object({
    gpu: z.number().int().nonnegative(),
    code: z.enum(['bus_loss', 'ecc_uncorrectable', 'ecc_count', 'xid', 'driver_unanswered', 'mig_partition', 'told']),
    permanent: z.boolean(),
    since: isoAnswer,
    detail: z.string(),
  })
  .meta({ id: 'GpuFault' });

export const workerAnswer = z
  .object({
    id: z.string(),
    incarnation: uuidAnswer,
    pool: z.string(),
    capacity: z.enum(['spot', 'on_demand']),
    gpu_type: z.string(),
    gpus: z.number().int().positive(),
    vram_mib: z.number().int().nonnegative(),
    slots: z.number().int().positive(),
    busy_slots: z.number().int().nonnegative(),
    task_types: z.array(z.string()),
    engine: z.string(),
    version: z.string(),
    state: z.enum(['ready', 'draining', 'lost', 'left']),
    registered_at: isoAnswer,
    last_heartbeat_at: isoAnswer,
    driver: z.string().nullable(),
    cpu_milli: z.number().int().positive().nullable(),
    ram_mib: z.number().int().positive().nullable(),
    loaded_models: z.array(z.string()),
    idle_percent: z.number().min(0).max(100).nullable().describe('Share of the last minutes without work'),
    gpu_faults: z.array(gpuFaultAnswer).describe('GPUs that are out of service'),
  })
  .meta({ id: 'Worker' });
export type WorkerAnswer = z.infer<typeof workerAnswer>;

/** Owned by the scheduler; the gateway forwards it. */
export const listWorkers = defineRoute({
  operationId: 'listWorkers',
  method: 'GET',
  path: '/api/v1/workers',
  tag: 'Workers',
  summary: 'Worker incarnations that hold or lately held capacity',
  service: 'scheduler',
  access: 'workers:read',
  request: { query: z.strictObject({}) },
  responses: {
    200: { description: 'The workers', schema: z.object({ data: z.array(workerAnswer) }).meta({ id: 'WorkerList' }) },
  },
});
