import type { Spread } from './spread.js';

/** Tasks of one class, tenant or type. */
export interface GroupFigures {
  readonly arrived: number;
  readonly completed: number;
  /** From arrival to the first start. A task that has not started counts with its wait so far. */
  readonly waitS: Spread;
  /** From arrival to the end, of completed tasks. */
  readonly completionS: Spread;
}

export interface TenantFigures extends GroupFigures {
  readonly gpuSeconds: number;
  /** GPUs held on average while the tenant had a task waiting, per unit of its weight. */
  readonly gpusPerWeightWhileWaiting: number;
}

export interface PoolFigures {
  readonly costUsd: number;
  /** Busy ÷ ready GPU time, 0-1. */
  readonly utilisation: number;
  readonly readyGpuHours: number;
}

/** Points of the charts; each is the average over its stretch. */
export interface ReportSeries {
  readonly stepS: number;
  readonly waiting: Readonly<Record<string, readonly number[]>>;
  readonly busyGpus: readonly number[];
  readonly readyGpus: readonly number[];
  readonly bootingGpus: readonly number[];
  /** Sum since the start, in dollars. */
  readonly costUsd: readonly number[];
}

/**
 * What a run showed. Expectations name its figures by dotted paths, such as `classes.interactive.waitS.p95`. Reasons are
 * the words of the production policy: every code is there, with 0 where it never held.
 */
export interface Report {
  readonly scenario: string;
  readonly description: string;
  readonly seed: number;
  /** False: somebody stopped the run, and the figures are those so far. */
  readonly complete: boolean;
  readonly simulatedS: number;
  readonly events: number;
  readonly cycles: number;
  readonly decisions: number;
  readonly tasks: {
    readonly arrived: number;
    readonly completed: number;
    readonly running: number;
    readonly waiting: number;
    /** Completed tasks per hour of virtual time. */
    readonly completedPerHour: number;
  };
  readonly all: GroupFigures;
  readonly classes: Readonly<Record<string, GroupFigures>>;
  readonly tenants: Readonly<Record<string, TenantFigures>>;
  readonly taskTypes: Readonly<Record<string, GroupFigures>>;
  /** Busy ÷ ready GPU time over all pools, 0-1. */
  readonly utilisation: number;
  readonly gpuSeconds: {
    readonly ready: number;
    readonly used: number;
    /** Used without the two below. */
    readonly useful: number;
    readonly loading: number;
    /** Work that was lost with a worker. */
    readonly lost: number;
    readonly wasted: number;
  };
  readonly costUsd: { readonly total: number; readonly perCompletedTask: number };
  readonly pools: Readonly<Record<string, PoolFigures>>;
  /** Task-seconds in the queue, by the reason that held. */
  readonly waitedTaskSeconds: Readonly<Record<string, number>>;
  readonly placements: Readonly<Record<string, number>>;
  readonly preemptions: number;
  readonly interruptions: number;
  readonly workersLost: number;
  readonly attemptsLost: number;
  readonly fairness: {
    /** Jain's index over tenants of `gpusPerWeightWhileWaiting`. */
    readonly jainShare: number;
    /** Jain's index over tenants of mean completion ÷ mean service time. */
    readonly jainSlowdown: number;
  };
  readonly series: ReportSeries;
}
