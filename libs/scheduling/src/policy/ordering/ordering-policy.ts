import type { DurationMs, Instant } from '@millrace/kernel';

/** What the order of service needs to know of a task that waits. A retried task brings the same figures (QUE-10). */
export interface QueuedTask {
  readonly id: string;
  readonly tenantId: string;
  /** The higher class is served first, strictly (QUE-02): interactive 1, normal 0, low -1. */
  readonly priority: number;
  readonly requestedAt: Instant;
  /** Capacity that it competes for. Tenants share each pool by itself: what one uses elsewhere doesn't count here. */
  readonly pool: string;
  /** Tasks of one shape fit in the same places (type, GPUs, VRAM, model): where one finds no room, none does. */
  readonly shape: string;
  /** Predicted GPU-seconds: seconds × GPUs (prediction/). */
  readonly gpuSeconds: number;
}

/** How long a class lets its tasks wait. */
export interface ClassLimits {
  /** An older task goes before the shorter ones of its class, the oldest first. */
  readonly maxWaitMs: DurationMs;
  /** An older task is served with the next class up (QUE-13). Not below `maxWaitMs`; absent: never. */
  readonly liftAfterMs?: DurationMs;
}

/** What the queue of one class and pool goes by. */
export interface QueueTerms {
  /** Its own, by which the queue of a task is found. */
  readonly number: number;
  readonly priority: number;
  readonly pool: string;
  readonly limits: ClassLimits;
  readonly slackGpuSeconds: number;
  readonly weightOf: (tenantId: string) => number;
}

export interface OrderingPolicy {
  /** By priority, from any low to any high; a priority that is not listed has the limits of `otherwise`. */
  readonly classes: ReadonlyMap<number, ClassLimits>;
  readonly otherwise: ClassLimits;
  /** The class that nothing is lifted beyond. */
  readonly highestPriority: number;
  /** A tenant's share of the pool against another's of weight 1. */
  readonly weights: ReadonlyMap<string, number>;
  /**
   * GPU-seconds per unit of weight that a tenant may be ahead of the one served least and still compete by length.
   * 0: strict fair queueing. The more, the shorter the mean wait, and the longer a tenant may have to wait for its turn.
   */
  readonly slackGpuSeconds: number;
  /** What a switch counts beside a task's length, as a multiple of the load: the model that leaves is loaded again later. */
  readonly setupFactor: number;
}

const MINUTE_MS: DurationMs = 60_000;
const HOUR_MS: DurationMs = 60 * MINUTE_MS;

/** Limits of the three classes; a lift comes before a task expires after a day (QUE-08, SCH-21). */
export const DEFAULT_ORDERING: OrderingPolicy = {
  classes: new Map<number, ClassLimits>([
    [1, { maxWaitMs: 15 * MINUTE_MS }],
    [0, { maxWaitMs: 2 * HOUR_MS, liftAfterMs: 12 * HOUR_MS }],
    [-1, { maxWaitMs: 8 * HOUR_MS, liftAfterMs: 12 * HOUR_MS }],
  ]),
  otherwise: { maxWaitMs: 2 * HOUR_MS, liftAfterMs: 12 * HOUR_MS },
  highestPriority: 1,
  weights: new Map(),
  slackGpuSeconds: 10_800,
  setupFactor: 2,
};

/**
 * What the tenants have had of one class of one pool: the state of start-time fair queueing (Goyal, Vin and Cheng,
 * SIGCOMM '96), in GPU-seconds per unit of weight.
 */
export interface FairShare {
  readonly priority: number;
  readonly pool: string;
  /** Where a tenant begins that comes (back) with work: it has no credit for the time it was away. */
  readonly virtualGpuSeconds: number;
  /** Tenants that stand elsewhere than at `virtualGpuSeconds`: where each begins its next task. */
  readonly tenants: Readonly<Record<string, number>>;
}
export type FairShares = readonly FairShare[];
