import type { Instant } from '@millrace/kernel';
import type { Lane, ResourceNeeds, Task } from '../domain/task.js';
import type { FairShares, OrderingPolicy } from './ordering/ordering-policy.js';
import type { PlacementWeights } from './placement/placement-weights.js';
import type { PreemptionPolicy } from './preemption/preemption-policy.js';

/**
 * The least isolation a task accepts: whole GPUs only; a MIG slice as well (own memory and compute in hardware); or a
 * share of a GPU's time beside others (SCH-42).
 */
export type GpuUse = 'whole' | 'slice' | 'shared';

/** Training and online inference never share a pool (SCH-47). */
export type Purpose = 'training' | 'inference';

/** A soft wish: workers that meet it come first, by weight (SCH-46: 100). Every condition that is given must hold. */
export interface Preference {
  readonly weight: number;
  readonly minGpus?: number;
  readonly label?: readonly [name: string, value: string];
}

/** What a task asks of a machine besides GPUs and VRAM. What is absent is not asked for. */
export interface TaskDemands {
  /** TYP-23. */
  readonly cpuMilli?: number;
  readonly ramMiB?: number;
  /** Part of one GPU's time, 1-1000; asked for with `gpus: 1` and `gpuUse: 'shared'` only. */
  readonly gpuMilli?: number;
  /** Absent: `whole`. Training is always `whole` (SCH-42). */
  readonly gpuUse?: GpuUse;
  /** Any of these (SCH-46). */
  readonly gpuTypes?: readonly string[];
  /** Floors, as `535.104.5` or `12.2` (TYP-24). */
  readonly minDriver?: string;
  readonly minCuda?: string;
  readonly pool?: string;
  readonly purpose?: Purpose;
  readonly tolerations?: readonly string[];
  /** All must be on the worker. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly prefers?: readonly Preference[];
}

/** How close the members of a gang must be; each level contains the ones before it. */
export const GANG_LEVELS = ['nvlink', 'node', 'rack', 'zone'] as const;
export type GangLevel = (typeof GANG_LEVELS)[number];

/** All members start together or none does (SCH-40). The closest level that has room is taken (SCH-41). */
export interface GangMembership {
  readonly id: string;
  readonly size: number;
  /** The widest level that is still good enough; a zone if absent (SCH-30: training runs in one zone). */
  readonly within?: GangLevel;
}

/** A task that waits, as the policy sees it. */
export interface PendingTask extends Lane {
  readonly id: Task['id'];
  readonly needs: ResourceNeeds;
  readonly requestedAt: Instant;
  /** Its last attempt failed: it pauses until then. Absent for all others. */
  readonly notBefore?: Instant;
  /** Whose share and quota it counts against; absent: nobody's. */
  readonly tenantId?: string;
  readonly namespace?: string;
  /** Weights it runs with: a worker that has them loaded saves the load. */
  readonly model?: string;
  /** Predicted GPU time, ms; absent: unknown, and then first come first served. */
  readonly predictedGpuMs?: number;
  readonly demands?: TaskDemands;
  readonly gang?: GangMembership;
}

/** What placement knows a task by. */
export type PlacedClass = Pick<PendingTask, 'taskType' | 'needs' | 'model' | 'demands'>;

/** How often a class has arrived, older arrivals counting less. */
export interface ArrivedClass extends PlacedClass {
  readonly weight: number;
}

/** One MIG slice of a partitioned GPU (SCH-43). */
export interface SliceView {
  readonly vramMiB: number;
  readonly busy: boolean;
}

export interface GpuView {
  /** `shared`: its time is given out in parts (SCH-42). Absent: `whole`. */
  readonly mode?: 'whole' | 'shared' | 'mig';
  /** Unused compute, 0-1000; without meaning for `mig`. */
  readonly freeMilli: number;
  /** Unused memory; never given twice, whatever the mode (SCH-49). Without meaning for `mig`. */
  readonly freeVramMiB: number;
  /** Tasks on a `shared` GPU. */
  readonly sharers?: number;
  readonly slices?: readonly SliceView[];
  /** GPUs with the same number are joined by NVLink; absent: all of the worker. */
  readonly nvlinkGroup?: number;
  /** Taken out of service (SCH-50). */
  readonly faulty?: boolean;
}

/** A running attempt, as far as preemption and affinity need it. */
export interface RunningTask {
  readonly id: Task['id'];
  readonly taskType: string;
  readonly priority: number;
  /** Its class may be preempted at a step boundary (QUE-11). */
  readonly preemptible: boolean;
  readonly startedAt: Instant;
  /** When it is predicted to end (p90); absent: unknown. */
  readonly expectedEndAt?: Instant;
  /** Work that a stop at the next step boundary would lose: since its last checkpoint, ms of the whole task. */
  readonly unsavedMs: number;
  /** How often it was preempted before. */
  readonly preemptions: number;
  /** It has been told to stop: what it holds is about to be free. */
  readonly stopping?: boolean;
  /** Positions in the worker's `devices`. */
  readonly devices?: readonly number[];
  readonly needs: ResourceNeeds;
  readonly demands?: TaskDemands;
}

/** A worker incarnation, as the policy sees it. What is absent constrains nothing. */
export interface WorkerView {
  readonly workerId: string;
  readonly incarnation: string;
  readonly pool: string;
  readonly gpus: number;
  /** Per GPU. */
  readonly vramMiB: number;
  /** Attempts at once, and how many of them are leased. */
  readonly slots: number;
  readonly usedSlots: number;
  readonly taskTypes: readonly string[];
  readonly draining: boolean;
  readonly alive: boolean;
  readonly gpuType?: string;
  readonly driver?: string;
  readonly cuda?: string;
  readonly purpose?: Purpose;
  readonly taints?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly zone?: string;
  readonly rack?: string;
  readonly cpuMilli?: number;
  readonly freeCpuMilli?: number;
  readonly ramMiB?: number;
  readonly freeRamMiB?: number;
  /** Each GPU; absent: slots alone bound what runs at once. */
  readonly devices?: readonly GpuView[];
  /** Measured share of time without work, 0-100: sharing for online inference starts here (SCH-48). */
  readonly measuredIdlePercent?: number;
  readonly loadedModels?: readonly string[];
  /** Task types it has run: the next of the same type needs no switch (SCH-45). */
  readonly recentTaskTypes?: readonly string[];
  readonly running?: readonly RunningTask[];
}

/** What a tenant or a namespace may hold at once, and what it holds (SCH-39). An absent limit is no limit. */
export interface QuotaView {
  readonly scope: 'tenant' | 'namespace';
  readonly name: string;
  readonly gpus?: number;
  readonly cpuMilli?: number;
  readonly ramMiB?: number;
  readonly tasks?: number;
  readonly usedGpuMilli: number;
  readonly usedCpuMilli: number;
  readonly usedRamMiB: number;
  readonly usedTasks: number;
}

/** Why a pool has no room, told by capacity: it turns "no worker" into what a person can expect. */
export interface PoolView {
  readonly pool: string;
  readonly taskTypes: readonly string[];
  readonly condition: 'scaling_up' | 'no_spot_capacity' | 'batch_not_triggered' | 'paused' | 'ready';
}

/** The world at one moment. Immutable; the policy sees nothing else. */
export interface SchedulingSnapshot {
  readonly pending: readonly PendingTask[];
  readonly workers: readonly WorkerView[];
  readonly quotas?: readonly QuotaView[];
  readonly pools?: readonly PoolView[];
  /** What the tenants have had; absent: all stand alike. */
  readonly shares?: FairShares;
  /** What has arrived, by class: more of it is expected. Absent: what waits is all there is to go by. */
  readonly arrivals?: readonly ArrivedClass[];
}

export interface PolicyConfig {
  /** Placements of one cycle at most: bounds the transaction that applies them. */
  readonly maxPlacements: number;
  readonly ordering?: OrderingPolicy;
  readonly weights?: PlacementWeights;
  /** Absent: nothing is preempted. */
  readonly preemption?: PreemptionPolicy;
  /** Tasks and gangs past their maximum wait that capacity is held for in a cycle; absent: HOLDS_LIMIT. */
  readonly maxHolds?: number;
}

/** Default of `maxHolds`. */
export const HOLDS_LIMIT = 4;
