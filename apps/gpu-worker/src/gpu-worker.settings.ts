import type { VariableNames } from '@millrace/platform';
import { z } from 'zod';

export const ENGINE_NAMES = ['onnx', 'noop'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

const RUN_LIMIT_MS = 30 * 60_000;
const RUN_LIMIT_MAX_MS = 24 * 3_600_000;

const upTo = (max: number) => z.coerce.number().int().min(1).max(max);
const count = (fallback: number, max: number) => upTo(max).default(fallback);

/** Words with commas between them. */
const words = (pattern: RegExp, wanted: string) =>
  z
    .string()
    .transform((list) => list.split(',').map((word) => word.trim()))
    .pipe(z.array(z.string().regex(pattern, wanted)));

/** `name=value` with commas between them. */
const labels = words(/^[^=,\s]+=[^=,]+$/, 'name=value pairs with commas between them are wanted').transform((pairs) =>
  Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string])),
);

const place = z.string().regex(/^\S{1,63}$/, 'a name without spaces is wanted, at most 63 letters');

/** What one worker is and how it behaves. Times in ms. */
export const gpuWorkerSettings = z
  .object({
    workerId: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use small letters, digits and dashes, at most 63')
      .default('worker-1'),
    pool: z.string().min(1).max(63).default('local'),
    capacity: z.enum(['spot', 'on_demand']).default('on_demand'),
    /** `nvidia`: what nvidia-smi finds. `virtual`: what the settings say; for engines that need no GPU. */
    gpuSource: z.enum(['virtual', 'nvidia'], 'virtual or nvidia is wanted').default('virtual'),
    /** By default as found; `virtual`. */
    gpuType: z.string().min(1).max(63).optional(),
    /** Virtual ones; 1 by default. */
    gpus: upTo(64).optional(),
    /** Per virtual GPU; 81,920 by default. */
    vramMiB: z.coerce.number().int().min(0).optional(),
    /** Each virtual GPU is cut into these, as 3g.20gb,3g.20gb. */
    migProfiles: words(/^\d+g\.\d+gb$/, 'MIG profiles such as 3g.20gb are wanted').optional(),
    /** Indexes or UUIDs of the GPUs found that are this worker's; by default all. */
    gpuIds: words(/^(?:\d+|GPU-[0-9a-f-]+)$/i, 'indexes or UUIDs of GPUs are wanted').optional(),
    /** What runs on a GPU at once: one task, several that may share it, or as many as there are slots; see `machineOf`. */
    gpuSharing: z.enum(['whole', 'shared', 'slots'], 'whole, shared or slots is wanted').optional(),
    /** Attempts at once; by default one for each GPU or MIG slice. */
    slots: upTo(64).optional(),
    /** What this worker may use of its machine; by default what the machine or its container allows. */
    cpuMilli: upTo(4_096_000).optional(),
    ramMiB: upTo(2 ** 30).optional(),
    /** What tasks may ask for, and what they must tolerate (SCH-46, SCH-47). */
    labels: labels.optional(),
    taints: words(/^[^,\s]+$/, 'names with commas between them are wanted').optional(),
    zone: place.optional(),
    rack: place.optional(),
    /** Takes work of this purpose only. */
    purpose: z.enum(['training', 'inference'], 'training or inference is wanted').optional(),
    /** The GPUs' health is read so often. */
    healthMs: z.coerce.number().int().min(1_000).max(3_600_000).default(30_000),
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
  })
  .superRefine((settings, context) => {
    const { gpuSource } = settings;
    const ofOther = gpuSource === 'nvidia' ? (['gpus', 'vramMiB', 'migProfiles'] as const) : (['gpuIds'] as const);
    for (const field of ofOther) {
      if (settings[field] === undefined) continue;
      context.addIssue({ code: 'custom', path: [field], message: `says nothing where the GPUs are ${gpuSource}` });
    }
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
  gpuSource: 'MILLRACE_WORKER_GPU_SOURCE',
  gpuIds: 'MILLRACE_WORKER_GPU_IDS',
  gpuSharing: 'MILLRACE_WORKER_GPU_SHARING',
  migProfiles: 'MILLRACE_WORKER_MIG_PROFILES',
  cpuMilli: 'MILLRACE_WORKER_CPU_MILLI',
  ramMiB: 'MILLRACE_WORKER_RAM_MIB',
  labels: 'MILLRACE_WORKER_LABELS',
  taints: 'MILLRACE_WORKER_TAINTS',
  zone: 'MILLRACE_WORKER_ZONE',
  rack: 'MILLRACE_WORKER_RACK',
  purpose: 'MILLRACE_WORKER_PURPOSE',
  healthMs: 'MILLRACE_WORKER_HEALTH_MS',
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
