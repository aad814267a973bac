import { GPU_MILLI } from '../fragmentation/cluster-capacity.js';
import type { TaskClass } from '../fragmentation/task-class.js';
import type { PlacementReason } from '../decision.js';
import type { FilterCode, Refusals } from '../filters/filter-codes.js';
import { bayRefusal, gpuUseOn, workerRefusal, type FilteredTask } from '../filters/hard-filters.js';
import type { PlacedClass, Preference, WorkerView } from '../snapshot.js';
import { SHARERS_LIMIT, type GpuBay } from './gpu-bays.js';
import type { NodeKind } from './node-table.js';
import type { PlacementWeights } from './placement-weights.js';
import type { ShapeRooms } from './shape-rooms.js';
import { kindBit } from './topology.js';
import type { WorkerKinds } from './worker-kinds.js';
import { chargeOf, type QuotaCharge } from '../quotas/quota-book.js';

/** Kinds of nodes on which a class takes the same. */
export interface Tier {
  /** `biases`: in GPU thousandths, as fragmentation is. */
  readonly taskClass: TaskClass & { readonly kinds: Uint8Array; readonly biases: Float64Array };
}

/** Tasks that fit in the same places, and where that is. */
export interface ClassPlan {
  readonly key: string;
  readonly example: PlacedClass;
  readonly tiers: Tier[];
  /** By node kind; -1: it never fits there. */
  readonly tierOfKind: Int16Array;
  /** By node kind: why a task is placed there. */
  readonly reasonOfKind: PlacementReason[];
  /** `kindBit`s of the worker kinds it fits. */
  workerKindBits: number;
  /** Kept by the board once it is asked for. */
  rooms: ShapeRooms | null;
  /** What each task of it counts for against a quota. */
  readonly charge: QuotaCharge;
  /** For an item of one task. */
  readonly alone: readonly ClassPlan[];
}

/** What makes two tasks one class. */
export function classKeyOf(task: PlacedClass): string {
  const { gpus, vramMiB } = task.needs;
  const demands = task.demands === undefined ? '' : JSON.stringify(task.demands);
  return `${task.taskType}|${gpus}|${vramMiB}|${task.model ?? ''}|${demands}`;
}

/** Says for each class where it may run, what it takes there, and what speaks against it. */
export class ClassPlans {
  readonly all: ClassPlan[] = [];
  private readonly byKey = new Map<string, ClassPlan>();

  constructor(
    private readonly workerKinds: WorkerKinds,
    private readonly nodeKinds: readonly (NodeKind | null)[],
    private readonly kindRoom: number,
    private readonly weights: PlacementWeights,
  ) {}

  of(task: PlacedClass): ClassPlan {
    const key = classKeyOf(task);
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const alone: ClassPlan[] = [];
    const tierOfKind = new Int16Array(this.kindRoom).fill(-1);
    const plan = {
      key,
      example: task,
      tiers: [],
      tierOfKind,
      reasonOfKind: [],
      workerKindBits: 0,
      rooms: null,
      charge: chargeOf(task),
      alone,
    };
    alone.push(plan);
    this.byKey.set(key, plan);
    this.all.push(plan);
    this.nodeKinds.forEach((kind, number) => this.learn(plan, kind, number));
    return plan;
  }

  /** A kind of node that was not there before: every class learns of it before any node is of that kind. */
  addKind(number: number): void {
    const kind = this.nodeKinds[number] ?? null;
    for (const plan of this.all) this.learn(plan, kind, number);
  }

  /** How many workers each filter refuses for the class, whatever runs on them. */
  refusals(plan: ClassPlan): { readonly refusals: Refusals; readonly fitting: number; readonly draining: number } {
    const refusals: Partial<Record<FilterCode, number>> = {};
    let fitting = 0;
    let draining = 0;
    for (const kind of this.workerKinds.all) {
      const code = workerRefusal(plan.example, kind.example, kind.bays);
      if (code !== null) refusals[code] = (refusals[code] ?? 0) + kind.count;
      else {
        fitting += kind.count;
        draining += kind.draining;
      }
    }
    return { refusals, fitting, draining };
  }

  private learn(plan: ClassPlan, kind: NodeKind | null, number: number): void {
    if (kind === null) return;
    const { example: worker, bays } = kind.workerKind;
    const bay = bays[kind.bayIndex];
    if (bay === undefined || workerRefusal(plan.example, worker, bays) !== null) return;
    if (bayRefusal(plan.example, worker, bay, kind.bayIndex === 0) !== null) return;
    const demand = demandOn(plan.example, worker, bay);
    let at = plan.tiers.findIndex((tier) => isSame(tier, demand));
    if (at === -1) {
      at = plan.tiers.length;
      const kinds = new Uint8Array(this.kindRoom);
      plan.tiers.push({ taskClass: { ...demand, kinds, biases: new Float64Array(this.kindRoom) } });
    }
    const tier = plan.tiers[at];
    if (tier !== undefined) {
      tier.taskClass.kinds[number] = 1;
      tier.taskClass.biases[number] = (GPU_MILLI * this.biasOf(plan.example, kind, bay)) / this.weights.strandedGpuMs;
    }
    plan.tierOfKind[number] = at;
    plan.reasonOfKind[number] = reasonOf(plan.example, kind, bay);
    plan.workerKindBits |= kindBit(kind.workerKind.id);
  }

  /** What speaks against this kind of node besides fragmentation, ms of GPU time. */
  private biasOf(task: PlacedClass, kind: NodeKind, bay: GpuBay): number {
    const { weights } = this;
    const { example: worker } = kind.workerKind;
    const gpus = Math.max(1, task.needs.gpus);
    const cold = task.model === undefined ? 0 : weights.coldModelMs * gpus * changesFor(task.model, kind.models);
    const other = weights.typeSwitchMs * gpus * changesFor(task.taskType, kind.taskTypes);
    const unmet = (task.demands?.prefers ?? []).filter((wish) => !isMet(wish, worker));
    const wishes = unmet.reduce((sum, { weight }) => sum + weight, 0) * weights.preferencePointMs;
    return cold + other + wishes + wasteOf(task, worker, bay, weights);
  }
}

/** Loads that it takes to have `wanted`: none, one, or two where it drives out what is loaded again later. */
function changesFor(wanted: string, present: readonly string[]): number {
  if (present.includes(wanted)) return 0;
  return present.length === 0 ? 1 : 2;
}

/** A task that a slice could serve takes the smallest slice that holds it rather than a whole GPU. */
function wasteOf(task: PlacedClass, worker: WorkerView, bay: GpuBay, weights: PlacementWeights): number {
  if (task.needs.gpus !== 1 || gpuUseOn(task, worker) === 'whole') return 0;
  if (bay.mode === 'whole') return weights.wholeForSliceMs;
  return bay.mode === 'mig' ? (bay.vramMiB - task.needs.vramMiB) / 1024 : 0;
}

function isMet(wish: Preference, worker: WorkerView): boolean {
  const label = wish.label === undefined || worker.labels?.[wish.label[0]] === wish.label[1];
  return label && worker.gpus >= (wish.minGpus ?? 0);
}

function reasonOf(task: PlacedClass, kind: NodeKind, bay: GpuBay): PlacementReason {
  if (task.model !== undefined && kind.models.includes(task.model)) return 'warm_model';
  if (kind.taskTypes.includes(task.taskType)) return 'same_type';
  return bay.mode === 'slots' ? 'first_fitting_worker' : 'least_fragmentation';
}

type DemandOnBay = Omit<TaskClass, 'kinds' | 'biases'>;

/**
 * What the task takes there. A share of a time-sliced GPU is the larger of its time and its memory, one of four replicas
 * at least: so neither time nor memory nor the number of sharers is ever given twice (SCH-42, 49).
 */
export function demandOn(task: FilteredTask, worker: WorkerView, bay: GpuBay): DemandOnBay {
  const { gpus, vramMiB } = task.needs;
  const cpuMilli = worker.freeCpuMilli === undefined ? 0 : (task.demands?.cpuMilli ?? 0);
  const memoryMib = worker.freeRamMiB === undefined ? 0 : (task.demands?.ramMiB ?? 0);
  if (gpus === 0 || bay.mode === 'slots') return { cpuMilli, memoryMib, gpus: 0, gpuMilli: 0 };
  const shares = bay.mode === 'shared' && gpus === 1 && gpuUseOn(task, worker) === 'shared';
  if (!shares) return { cpuMilli, memoryMib, gpus, gpuMilli: GPU_MILLI };
  const ofMemory = bay.vramMiB === 0 ? 0 : Math.ceil((GPU_MILLI * vramMiB) / bay.vramMiB);
  const gpuMilli = Math.min(GPU_MILLI, Math.max(task.demands?.gpuMilli ?? 0, GPU_MILLI / SHARERS_LIMIT, ofMemory));
  return { cpuMilli, memoryMib, gpus, gpuMilli };
}

function isSame({ taskClass }: Tier, demand: DemandOnBay): boolean {
  return (
    taskClass.cpuMilli === demand.cpuMilli &&
    taskClass.memoryMib === demand.memoryMib &&
    taskClass.gpus === demand.gpus &&
    taskClass.gpuMilli === demand.gpuMilli
  );
}
