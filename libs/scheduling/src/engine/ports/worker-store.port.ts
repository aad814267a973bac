import type { Instant, NanoDollars } from '@millrace/kernel';
import type { CapacityKind } from '../../domain/attempt.js';
import type { GpuFaultCode } from '../../policy/filters/gpu-faults.js';
import type { WorkerView } from '../../policy/snapshot.js';

export const WORKER_STATES = ['ready', 'draining', 'lost', 'left'] as const;
/** `lost` and `left` have ended: their leases are over and their instance is closed. */
export type WorkerState = (typeof WORKER_STATES)[number];

/** A GPU as its worker describes it at registration. */
export interface RegisteredGpu {
  readonly mode: 'whole' | 'shared' | 'mig';
  /** Memory of each slice of a partitioned GPU. */
  readonly slicesMiB?: readonly number[];
  /** MIG profile of each slice, as `3g.20gb`. */
  readonly profiles?: readonly string[];
  /** Its driver lists these slices: whether they can be is no question. */
  readonly listed?: boolean;
  readonly nvlinkGroup?: number;
  readonly faulty?: boolean;
}

/** A GPU that is out of service (SCH-50). */
export interface FaultyGpu {
  /** Position among the worker's GPUs. */
  readonly gpu: number;
  /**
   * `driver_unanswered`: nothing is known of it any more. `mig_partition`: its slices cannot be (VEC-21). `told`: its
   * worker registered it as faulty.
   */
  readonly code: GpuFaultCode | 'driver_unanswered' | 'mig_partition' | 'told';
  /** It stays out while this incarnation lives; otherwise until a reading is clean. */
  readonly permanent: boolean;
  readonly since: Instant;
  /** For people: a line of the kernel's log, a count, what is wrong with the slices. */
  readonly detail: string;
}

/** What a worker may tell of its machine beyond what it must. What is absent constrains nothing. */
export interface WorkerTraits extends Pick<
  WorkerView,
  | 'driver'
  | 'cuda'
  | 'purpose'
  | 'taints'
  | 'labels'
  | 'zone'
  | 'rack'
  | 'cpuMilli'
  | 'ramMiB'
  | 'loadedModels'
  | 'measuredIdlePercent'
> {
  readonly devices?: readonly RegisteredGpu[];
  /** What follows from what it told; at most one of a GPU, in order of position. */
  readonly faults?: readonly FaultyGpu[];
}

/** One life of a worker process, with the machine it runs on. */
export interface Worker {
  readonly workerId: string;
  readonly incarnation: string;
  readonly instanceId: string;
  readonly pool: string;
  readonly capacity: CapacityKind;
  readonly gpuType: string;
  readonly gpus: number;
  readonly vramMiB: number;
  readonly slots: number;
  readonly taskTypes: readonly string[];
  readonly engine: string;
  readonly version: string;
  readonly traits: WorkerTraits;
  readonly pricePerGpuHour: NanoDollars;
  readonly state: WorkerState;
  readonly registeredAt: Instant;
  readonly heartbeatAt: Instant;
  /** Instance clock of the last acknowledged heartbeat, ms: where a lost attempt and a lost instance are closed. */
  readonly heartbeatMs: number;
}

export interface WorkerWithLeases extends Worker {
  readonly usedSlots: number;
}

export function hasEnded(worker: Pick<Worker, 'state'>): boolean {
  return worker.state === 'lost' || worker.state === 'left';
}

/** Worker incarnations, in one transaction. At most one incarnation of a worker id has not ended. */
export interface WorkerStore {
  /** Adds incarnations; one that is known stays as it is. */
  add(workers: readonly Worker[]): Promise<void>;
  /** By incarnation, ended ones too. */
  load(incarnations: readonly string[]): Promise<readonly Worker[]>;
  /** The incarnation of each worker id that has not ended. */
  current(workerIds: readonly string[]): Promise<readonly Worker[]>;
  /** Writes state and last heartbeat. */
  save(workers: readonly Worker[]): Promise<void>;
  /** Writes traits. Apart from `save`: they seldom change, heartbeats come all the time. */
  saveTraits(workers: readonly Worker[]): Promise<void>;
  /** Incarnations that have not ended, with the leases they hold, ordered by worker id. */
  alive(): Promise<readonly WorkerWithLeases[]>;
  /** Alive ones, and those whose last heartbeat is later than `since`; newest registration first. For people. */
  recent(since: Instant, limit: number): Promise<readonly WorkerWithLeases[]>;
  /** Removes ended incarnations without leases whose last heartbeat came before an instant; how many they were. */
  removeEnded(before: Instant, limit: number): Promise<number>;
}
