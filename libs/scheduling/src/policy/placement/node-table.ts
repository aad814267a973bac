import { ClusterCapacity, GPU_MILLI } from '../fragmentation/cluster-capacity.js';
import type { WorkerView } from '../snapshot.js';
import { baysOf, type GpuBay } from './gpu-bays.js';
import { Domains, rackName, zoneName } from './topology.js';
import type { WorkerKind, WorkerKinds } from './worker-kinds.js';

/** What runs on a node with this kind: filters and affinity see no difference between nodes of one kind. */
export interface NodeKind {
  readonly workerKind: WorkerKind;
  readonly bayIndex: number;
  readonly models: readonly string[];
  readonly taskTypes: readonly string[];
}

/** Nobody may use a node of this kind: its worker has no slot left, or it is held. */
export const CLOSED_KIND = 0;
/** Kinds that differ in what is loaded; beyond them a node's kind no longer follows what is loaded on it. */
export const WARM_KINDS_LIMIT = 4_096;
const WARM_KINDS_PER_KIND = 16;
/** Free CPU and memory of a node that tells of none; no task takes from it. */
const UNBOUNDED = 2 ** 30;

/**
 * Every bay of every worker that takes work, as a node of a `ClusterCapacity`, in order of worker id. Bays of one worker
 * share its slots, CPU and memory.
 */
export class NodeTable {
  readonly workers: readonly WorkerView[];
  readonly capacity: ClusterCapacity;
  readonly racks: Domains;
  readonly zones: Domains;
  /** All nodes, as one domain. */
  readonly cluster: Domains;
  /** Some worker tells its rack; otherwise a rack is nothing to be close in. */
  readonly tellsRacks: boolean;
  /** By node: its worker, its bay, its kind while it is open. */
  readonly workerOf: Int32Array;
  readonly bayOf: readonly GpuBay[];
  readonly openKind: Uint16Array;
  /** By node: 1 where its bay is one of slots, or is split into NVLink groups; what most placements ask of a bay. */
  readonly hasSlots: Uint8Array;
  readonly isSplit: Uint8Array;
  /** By worker: when all that runs there is expected to have ended, 0 if unknown; the last start there, as an order. */
  readonly drainedAt: Float64Array;
  readonly lastStart: Float64Array;
  /** By worker: slots that are left, its first node, and how many it has. */
  readonly freeSlots: Int32Array;
  readonly firstNode: Int32Array;
  readonly nodesOfWorker: Int32Array;
  readonly kinds: (NodeKind | null)[] = [null];
  /** Length of a mask over kinds. */
  readonly kindRoom: number;
  private starts: number;
  private readonly kindByKey = new Map<string, number>();

  /** `workers` are sorted, alive and not draining. */
  constructor(workers: readonly WorkerView[], workerKinds: WorkerKinds) {
    this.workers = workers;
    const kindsOfWorkers = workers.map((worker) => workerKinds.add(worker));
    const bays = workers.map((worker) => baysOf(worker));
    this.nodesOfWorker = Int32Array.from(bays, ({ length }) => length);
    this.firstNode = new Int32Array(workers.length);
    for (let at = 1; at < workers.length; at++) {
      this.firstNode[at] = (this.firstNode[at - 1] ?? 0) + (this.nodesOfWorker[at - 1] ?? 0);
    }
    this.bayOf = bays.flat();
    this.hasSlots = Uint8Array.from(this.bayOf, ({ mode }) => (mode === 'slots' ? 1 : 0));
    this.isSplit = Uint8Array.from(this.bayOf, ({ isSplit }) => (isSplit ? 1 : 0));
    this.workerOf = Int32Array.from(bays.flatMap((own, at) => own.map(() => at)));
    this.freeSlots = Int32Array.from(workers, ({ slots, usedSlots }) => Math.max(0, slots - usedSlots));
    this.drainedAt = Float64Array.from(workers, ({ running = [] }) =>
      running.reduce((latest, { expectedEndAt = 0 }) => Math.max(latest, expectedEndAt), 0),
    );
    this.lastStart = Float64Array.from(workers, ({ running = [] }) =>
      running.reduce((latest, { startedAt }) => Math.max(latest, startedAt), 0),
    );
    this.starts = this.lastStart.reduce((latest, start) => Math.max(latest, start), 0);
    this.openKind = Uint16Array.from(
      bays.flatMap((own, at) => own.map((_, bay) => this.firstKindOf(workers[at], kindsOfWorkers[at], bay))),
    );
    this.kindRoom = this.kinds.length + Math.min(WARM_KINDS_LIMIT, this.kinds.length * WARM_KINDS_PER_KIND);
    this.capacity = new ClusterCapacity(this.bayOf.map((bay, node) => this.sizeOf(bay, node)));
    const kindIds = Array.from(this.workerOf, (at) => kindsOfWorkers[at]?.id ?? 0);
    this.racks = new Domains(
      Array.from(this.workerOf, (at) => nameOf(workers[at], rackName)),
      kindIds,
    );
    this.zones = new Domains(
      Array.from(this.workerOf, (at) => nameOf(workers[at], zoneName)),
      kindIds,
    );
    this.cluster = new Domains(
      Array.from(this.workerOf, () => ''),
      kindIds,
    );
    this.tellsRacks = workers.some(({ rack }) => rack !== undefined);
    this.takeWhatIsUsed();
  }

  /** The kind, or its number of before where there is no room for another. */
  kindFor(kind: NodeKind, otherwise: number): number {
    const key = `${kind.workerKind.id}/${kind.bayIndex}/${kind.models.join()}/${kind.taskTypes.join()}`;
    const known = this.kindByKey.get(key);
    if (known !== undefined) return known;
    if (this.kindRoom > 0 && this.kinds.length >= this.kindRoom) return otherwise;
    this.kindByKey.set(key, this.kinds.length);
    this.kinds.push(kind);
    return this.kinds.length - 1;
  }

  /** Adds to the bounds of the node's rack and zone. */
  freed(node: number, gpuMilli: number): void {
    const rack = this.racks.domainOf[node] ?? 0;
    const zone = this.zones.domainOf[node] ?? 0;
    this.racks.freeMilli[rack] = (this.racks.freeMilli[rack] ?? 0) + gpuMilli;
    this.zones.freeMilli[zone] = (this.zones.freeMilli[zone] ?? 0) + gpuMilli;
  }

  /** Something starts on the worker: later than all that did before. */
  started(worker: number): void {
    this.starts += 1;
    this.lastStart[worker] = this.starts;
  }

  private firstKindOf(worker: WorkerView | undefined, workerKind: WorkerKind | undefined, bayIndex: number): number {
    if (worker === undefined || workerKind === undefined) return CLOSED_KIND;
    const models = worker.loadedModels?.toSorted() ?? [];
    return this.kindFor({ workerKind, bayIndex, models, taskTypes: worker.recentTaskTypes?.toSorted() ?? [] }, 0);
  }

  private sizeOf(bay: GpuBay, node: number): ConstructorParameters<typeof ClusterCapacity>[0][number] {
    const worker = this.workers[this.workerOf[node] ?? 0];
    return {
      kind: (this.freeSlots[this.workerOf[node] ?? 0] ?? 0) === 0 ? CLOSED_KIND : (this.openKind[node] ?? 0),
      cpuMilli: worker?.freeCpuMilli ?? UNBOUNDED,
      memoryMib: worker?.freeRamMiB ?? UNBOUNDED,
      gpus: bay.freeMilli.length,
    };
  }

  private takeWhatIsUsed(): void {
    this.bayOf.forEach((bay, node) => {
      bay.freeMilli.forEach((free, gpu) => {
        if (free < GPU_MILLI) this.capacity.take(node, 0, 0, GPU_MILLI - free, 1 << gpu);
        this.freed(node, free);
      });
      const at = this.workerOf[node] ?? 0;
      // A slot may serve a task of as many GPUs as the worker has.
      if (bay.mode === 'slots') this.freed(node, (this.freeSlots[at] ?? 0) * slotBound(this.workers[at]));
    });
  }
}

/** Free GPU thousandths that one slot stands for at most. */
export function slotBound(worker: WorkerView | undefined): number {
  return Math.max(1, worker?.gpus ?? 0) * GPU_MILLI;
}

function nameOf(worker: WorkerView | undefined, name: (worker: WorkerView) => string): string {
  return worker === undefined ? '' : name(worker);
}
