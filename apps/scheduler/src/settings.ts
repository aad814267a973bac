import { z } from 'zod';
import { parseDollars, type NanoDollars } from '@millrace/kernel';
import type { VariableNames } from '@millrace/platform';
import { DEFAULT_SCHEDULER_SETTINGS, type PriceOf, type SchedulerSettings } from '@millrace/scheduling';

import { schedulingPolicyFile } from './policy-file.js';

const DOLLARS = /^\d{1,6}(\.\d{1,9})?$/;
const POOL_PRICES = /^[\w-]+=\d{1,6}(\.\d{1,9})?(,[\w-]+=\d{1,6}(\.\d{1,9})?)*$/;
const HOUR_MS = 3_600_000;
const defaults = DEFAULT_SCHEDULER_SETTINGS;

/** What the scheduler needs to know of a deployment, beside its database and its address. */
export const schedulerSettings = z.object({
  /** A lease lives so long without a heartbeat, ms (QUE-06: at least 1 s, at most an hour). */
  leaseMs: z.coerce.number().int().min(1_000).max(HOUR_MS).default(defaults.leaseMs),
  /** A worker silent for so long gets no new task, ms; at most the lease. */
  suspectMs: z.coerce.number().int().min(500).max(HOUR_MS).default(defaults.suspectMs),
  /** A task that was never leased for so long expires, ms. */
  queueTtlMs: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(30 * 24 * HOUR_MS)
    .default(defaults.queueTtlMs),
  /** Placements of one cycle at most, that is, of one transaction. */
  maxPlacements: z.coerce.number().int().min(1).max(5_000).default(defaults.maxPlacements),
  /** Demo price: dollars per GPU-hour of a pool that has no price of its own. */
  pricePerGpuHour: z.string().regex(DOLLARS, 'dollars are wanted, such as 0.90').default('0.90'),
  /** Dollars per GPU-hour by pool. */
  poolPrices: z.string().regex(POOL_PRICES, 'pool=dollars pairs, separated by commas, are wanted').optional(),
  /** File with weights, quotas, maximum waits, preemption and declared pools; without one everyone is equal. */
  policy: schedulingPolicyFile.optional(),
  /** A sample of cycles is written there, for replay. */
  recordCycles: z.string().min(1).optional(),
  /** Of so many cycles one is recorded. */
  recordEvery: z.coerce.number().int().min(1).max(1_000_000).default(10),
  /** The file of recorded cycles ends at this size. */
  recordMaxMiB: z.coerce.number().int().min(1).max(10_240).default(64),
  /** Lanes that no worker serves are told of under this pool. */
  defaultPool: z.string().min(1).default(defaults.defaultPool),
  /**
   * Name in the leader row. By default one per process start. A fixed name takes over its own earlier term at once: for
   * the standalone app only, where a second process with the name cannot be.
   */
  holder: z.string().min(1).optional(),
});
export type SchedulerAppSettings = z.output<typeof schedulerSettings>;

export const SCHEDULER_VARIABLES: VariableNames<typeof schedulerSettings> = {
  leaseMs: 'MILLRACE_LEASE_MS',
  suspectMs: 'MILLRACE_WORKER_SUSPECT_MS',
  queueTtlMs: 'MILLRACE_QUEUE_TTL_MS',
  maxPlacements: 'MILLRACE_CYCLE_PLACEMENTS',
  pricePerGpuHour: 'MILLRACE_PRICE_PER_GPU_HOUR',
  poolPrices: 'MILLRACE_POOL_PRICES',
  policy: 'MILLRACE_SCHEDULING_POLICY',
  recordCycles: 'MILLRACE_RECORD_CYCLES',
  recordEvery: 'MILLRACE_RECORD_CYCLES_EVERY',
  recordMaxMiB: 'MILLRACE_RECORD_CYCLES_MAX_MIB',
  defaultPool: 'MILLRACE_DEFAULT_POOL',
  holder: 'MILLRACE_SCHEDULER_HOLDER',
};

/** The engine's settings: what this deployment sets, over the defaults. */
export function toSchedulerSettings(settings: SchedulerAppSettings): SchedulerSettings {
  const { leaseMs, suspectMs, queueTtlMs, maxPlacements, defaultPool } = settings;
  return {
    ...defaults,
    leaseMs,
    suspectMs: Math.min(suspectMs, leaseMs),
    workerLagLimitMs: Math.min(defaults.workerLagLimitMs, leaseMs / 2),
    queueTtlMs,
    maxPlacements,
    defaultPool,
    policy: settings.policy ?? defaults.policy,
  };
}

/** Dollars per GPU-hour by pool, read once. */
export function priceList(settings: SchedulerAppSettings): PriceOf {
  const usual = parseDollars(settings.pricePerGpuHour);
  const byPool = new Map(
    (settings.poolPrices ?? '')
      .split(',')
      .filter((pair) => pair !== '')
      .map((pair): [string, NanoDollars] => {
        const [pool = '', dollars = ''] = pair.split('=');
        return [pool, parseDollars(dollars)];
      }),
  );
  return (pool) => byPool.get(pool) ?? usual;
}
