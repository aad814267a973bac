import type { VariableNames } from '@millrace/platform';
import { z } from 'zod';

export const ENGINE_NAMES = ['onnx', 'noop'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

const RUN_LIMIT_MS = 30 * 60_000;
const RUN_LIMIT_MAX_MS = 24 * 3_600_000;

const count = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback);

/** What one worker is and how it behaves. Times in ms. */
export const gpuWorkerSettings = z.object({
  workerId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use small letters, digits and dashes, at most 63')
    .default('worker-1'),
  pool: z.string().min(1).max(63).default('local'),
  capacity: z.enum(['spot', 'on_demand']).default('on_demand'),
  gpuType: z.string().min(1).max(63).default('virtual'),
  gpus: count(1, 64),
  /** Per GPU. */
  vramMiB: z.coerce.number().int().min(0).default(81_920),
  /** Attempts at once; those of one GPU share it evenly. */
  slots: count(1, 64),
  /** In order of preference, with commas. */
  engines: z
    .string()
    .default('onnx')
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(ENGINE_NAMES)).min(1)),
  heartbeatMs: z.coerce.number().int().min(100).max(60_000).default(5_000),
  /** Threads of the CPU engine. */
  threads: count(1, 64),
  /** Load the models before registering (WRK-02). */
  preload: z.stringbool().default(true),
  /** Scratch files of attempts and the picture cache; emptied at each start. */
  workDirectory: z.string().min(1),
  /** Reports and segments that the bus does not have yet; must survive a restart. */
  spoolDirectory: z.string().min(1),
  /** The demonstration model's files, where they are not in their usual place. */
  modelDirectory: z.string().min(1).optional(),
  /** Slows every step down; for demonstrations and tests of long runs. */
  stepDelayMs: z.coerce.number().int().min(0).max(60_000).default(0),
  /** An attempt that runs longer has failed and is tried again. */
  runLimitMs: z.coerce.number().int().min(1_000).max(RUN_LIMIT_MAX_MS).default(RUN_LIMIT_MS),
});

export type GpuWorkerSettings = z.output<typeof gpuWorkerSettings>;

export const GPU_WORKER_VARIABLES: VariableNames<typeof gpuWorkerSettings> = {
  workerId: 'MILLRACE_WORKER_ID',
  pool: 'MILLRACE_WORKER_POOL',
  capacity: 'MILLRACE_WORKER_CAPACITY',
  gpuType: 'MILLRACE_WORKER_GPU_TYPE',
  gpus: 'MILLRACE_WORKER_GPUS',
  vramMiB: 'MILLRACE_WORKER_VRAM_MIB',
  slots: 'MILLRACE_WORKER_SLOTS',
  engines: 'MILLRACE_WORKER_ENGINES',
  heartbeatMs: 'MILLRACE_WORKER_HEARTBEAT_MS',
  threads: 'MILLRACE_WORKER_THREADS',
  preload: 'MILLRACE_WORKER_PRELOAD',
  workDirectory: 'MILLRACE_WORKER_WORK_DIRECTORY',
  spoolDirectory: 'MILLRACE_WORKER_SPOOL_DIRECTORY',
  modelDirectory: 'MILLRACE_WORKER_MODEL_DIRECTORY',
  stepDelayMs: 'MILLRACE_WORKER_STEP_DELAY_MS',
  runLimitMs: 'MILLRACE_WORKER_RUN_LIMIT_MS',
};
