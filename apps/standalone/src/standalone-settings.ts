import { z } from 'zod';
import type { VariableNames } from '@millrace/platform';

const SIZE_UNITS = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

const byteSize = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(KiB|MiB|GiB|TiB)$/, 'a size such as 10GiB or 500MiB is wanted')
  .transform((text) => {
    const unit = /[KMGT]iB$/.exec(text)?.[0] as keyof typeof SIZE_UNITS;
    return Math.round(Number.parseFloat(text) * SIZE_UNITS[unit]);
  });

/** What only the standalone app reads. */
export const standaloneSettings = z.object({
  /** Database, objects, logs, the key. */
  home: z.string().default('.millrace'),
  /** Results are kept to this size, oldest removed first. */
  objectsLimitBytes: byteSize.prefault('10GiB'),
  /** Partitions of each topic of the embedded event log; one machine needs few. */
  partitions: z.coerce.number().int().min(1).max(64).default(4),
  /** Attempts that the worker runs at once; by default one for each of its GPUs. */
  workerSlots: z.coerce.number().int().min(1).max(64).optional(),
  /** Adds so many ms to each step, to watch or test a longer run. */
  stepDelayMs: z.coerce.number().int().min(0).max(60_000).default(0),
  /** Offers the task type `noop`, which an engine that does nothing runs: for benchmarks. */
  noopTasks: z
    .enum(['true', 'false'], 'write true or false')
    .default('false')
    .transform((text) => text === 'true'),
  /** Of the worker; a shorter one, with a shorter lease, finds a dead worker sooner. */
  heartbeatMs: z.coerce.number().int().min(100).max(60_000).default(5000),
});
export type StandaloneSettings = z.output<typeof standaloneSettings>;

export const STANDALONE_VARIABLES: VariableNames<typeof standaloneSettings> = {
  home: 'MILLRACE_HOME',
  objectsLimitBytes: 'MILLRACE_OBJECTS_LIMIT',
  partitions: 'MILLRACE_PARTITIONS',
  workerSlots: 'MILLRACE_WORKER_SLOTS',
  stepDelayMs: 'MILLRACE_STEP_DELAY_MS',
  noopTasks: 'MILLRACE_NOOP_TASKS',
  heartbeatMs: 'MILLRACE_HEARTBEAT_MS',
};
