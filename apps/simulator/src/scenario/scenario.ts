import type { Distribution } from './distribution.js';
import type { PolicySettings } from './policy-settings.js';
import type { ClassName } from './priority-classes.js';

/** From `atMs` on, this price holds. */
export interface PriceStep {
  readonly atMs: number;
  readonly usdPerGpuHour: number;
}

/** How the GPUs of a pool are cut (SCH-42, SCH-43). Slices are per GPU; their memory is their own. */
export type Sharing =
  | { readonly kind: 'whole' }
  | { readonly kind: 'shared' }
  | { readonly kind: 'mig'; readonly sliceVramMiB: readonly number[] };

/** Spot capacity ends after a life drawn here, told so long before, and is launched again. */
export interface Interruptions {
  readonly life: Distribution;
  readonly noticeMs: number;
}

/** Workers of one kind and one price. */
export interface PoolSpec {
  readonly name: string;
  readonly workers: number;
  readonly gpus: number;
  readonly gpuType: string;
  /** Per GPU. */
  readonly vramMiB: number;
  /** Per worker; absent: no limit. */
  readonly cpuMilli?: number;
  readonly ramMiB?: number;
  readonly zone: string;
  /** The workers are spread evenly over so many racks. */
  readonly racks: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly string[];
  /** Training and inference pools are never mixed (SCH-47). */
  readonly purpose?: 'training' | 'inference';
  /** Empty: all. */
  readonly taskTypes: readonly string[];
  readonly sharing: Sharing;
  readonly capacity: 'spot' | 'on_demand';
  /** Sorted by time; the first is from 0 on. */
  readonly prices: readonly PriceStep[];
  readonly boot: Distribution;
  readonly interruptions?: Interruptions;
  /** Work done in a unit of time, relative to what `service` was measured on. */
  readonly speed: number;
}

export interface TaskTypeSpec {
  readonly name: string;
  /** Time of the work on a GPU of speed 1 that is not shared. */
  readonly service: Distribution;
  readonly gpus: number;
  readonly vramMiB: number;
  readonly cpuMilli?: number;
  readonly ramMiB?: number;
  readonly gpuUse: 'whole' | 'slice' | 'shared';
  /** Part of a GPU's time, 1-1000, where `gpuUse` is shared. */
  readonly gpuMilli?: number;
  readonly gpuTypes: readonly string[];
  readonly tolerations: readonly string[];
  readonly purpose?: 'training' | 'inference';
  /** Members that start together or not at all (SCH-40); each is a task of its own in the report. */
  readonly gangSize: number;
  readonly gangWithin?: 'nvlink' | 'node' | 'rack' | 'zone';
  readonly model?: string;
  /** A worker that has not run this model last loads it first. */
  readonly loadMs: number;
  /** A running attempt can be stopped at the next multiple of this without loss. */
  readonly stepMs: number;
  readonly preemptible: boolean;
  /** What a dead worker's attempt keeps: progress to the last multiple of this. 0: nothing. */
  readonly checkpointMs: number;
}

/** When tasks come: at random, in bursts, or at given times. */
export type ArrivalProcess =
  | { readonly kind: 'poisson'; readonly perHour: number }
  | { readonly kind: 'bursts'; readonly size: number; readonly everyMs: number }
  | { readonly kind: 'trace'; readonly timesMs: readonly number[] };

export interface ArrivalSpec {
  readonly taskType: string;
  readonly className: ClassName;
  readonly process: ArrivalProcess;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface TenantSpec {
  readonly name: string;
  readonly weight: number;
  readonly quota: {
    readonly gpus?: number;
    readonly cpuMilli?: number;
    readonly ramMiB?: number;
    readonly tasks?: number;
  };
  readonly arrivals: readonly ArrivalSpec[];
}

export type FaultSpec =
  /** So many workers of the pool fall silent at once; the pool launches others in their place. */
  | { readonly kind: 'workers_die'; readonly atMs: number; readonly pool: string; readonly count: number }
  /** The pool takes no new task and its workers end when they are empty; from `untilMs` on it is launched again. */
  | { readonly kind: 'pool_drains'; readonly atMs: number; readonly pool: string; readonly untilMs: number };

/** What a figure of the report must be: a range with both ends included. */
export interface Expectation {
  /** Dotted path into the report, such as `classes.interactive.waitS.p95`. */
  readonly metric: string;
  readonly min: number;
  readonly max: number;
  /** `file:line:column` of the line that says so. */
  readonly place: string;
}

/** A world and its load, in virtual time. Everything random in it follows from the seed. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly durationMs: number;
  /** After the duration no task comes any more; with `drain`, the run ends when the last one is done. */
  readonly drain: boolean;
  /** Scheduling cycles come at most so often. */
  readonly cycleMs: number;
  /** A dead worker is still offered tasks for so long, and its leases last for so long. */
  readonly silentMs: number;
  readonly leaseMs: number;
  readonly pools: readonly PoolSpec[];
  readonly taskTypes: readonly TaskTypeSpec[];
  readonly tenants: readonly TenantSpec[];
  readonly faults: readonly FaultSpec[];
  readonly policy: PolicySettings;
  readonly expectations: readonly Expectation[];
}
