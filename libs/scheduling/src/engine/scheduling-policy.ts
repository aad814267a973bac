import { DEFAULT_ORDERING, type OrderingPolicy } from '../policy/ordering/ordering-policy.js';
import { DEFAULT_PREEMPTION, type PreemptionPolicy } from '../policy/preemption/preemption-policy.js';
import type { PolicyConfig, QuotaView, TaskDemands, WorkerView } from '../policy/snapshot.js';

/** What a tenant or a namespace (the cost centre of a task) may hold at once (SCH-39). */
export type QuotaLimit = Pick<QuotaView, 'scope' | 'name' | 'gpus' | 'cpuMilli' | 'ramMiB' | 'tasks'>;

/** A machine that a pool starts when it needs one: what is declared counts although none of it runs. */
export type PoolShape = Pick<
  WorkerView,
  | 'pool'
  | 'taskTypes'
  | 'gpus'
  | 'vramMiB'
  | 'cpuMilli'
  | 'ramMiB'
  | 'gpuType'
  | 'driver'
  | 'cuda'
  | 'labels'
  | 'taints'
>;

/** How this deployment wants its work served. */
export interface SchedulingPolicy {
  /** Names these settings in recorded cycles. */
  readonly version: string;
  readonly ordering: OrderingPolicy;
  /** Null: nothing is preempted. `priorities`: classes whose tasks may be stopped for a higher one (QUE-11). */
  readonly preemption: (PreemptionPolicy & { readonly priorities: readonly number[] }) | null;
  readonly quotas: readonly QuotaLimit[];
  /** What the tasks of a type ask of a machine besides GPUs and VRAM. */
  readonly demands: ReadonlyMap<string, TaskDemands>;
  /** Empty: nothing is declared, and nothing is refused for want of a machine. */
  readonly pools: readonly PoolShape[];
}

/** Everyone equal, no quota, and low-priority work steps aside for the rest. */
export const DEFAULT_SCHEDULING_POLICY: SchedulingPolicy = {
  version: 'default',
  ordering: DEFAULT_ORDERING,
  preemption: { ...DEFAULT_PREEMPTION, priorities: [-1] },
  quotas: [],
  demands: new Map(),
  pools: [],
};

/** The part that `decide` reads. */
export function toPolicyConfig({ ordering, preemption }: SchedulingPolicy, maxPlacements: number): PolicyConfig {
  return { maxPlacements, ordering, ...(preemption === null ? {} : { preemption }) };
}
