import { GPU_MILLI } from '../fragmentation/cluster-capacity.js';
import { PlacementScorer } from '../fragmentation/placement-scorer.js';
import type { TaskClass } from '../fragmentation/task-class.js';
import type { PlacedClass, WorkerView } from '../snapshot.js';
import { compareIds } from '../ordering/ordering.js';
import { ClassPlans, type ClassPlan, type Tier } from './class-plans.js';
import { MixPotential } from './mix-potential.js';
import { CLOSED_KIND, NodeTable, slotBound } from './node-table.js';
import { nvlinkMask } from './nvlink.js';
import type { PlacementWeights } from './placement-weights.js';
import { ShapeRooms } from './shape-rooms.js';
import { WorkerKinds } from './worker-kinds.js';

/** What a placement took: enough to give it back. */
export interface Seat {
  node: number;
  gpuMask: number;
  tier: Tier | null;
}

/** How often each class is expected: the popularity that fragmentation is measured against. */
export interface MixEntry {
  readonly example: PlacedClass;
  readonly weight: number;
}

/**
 * Where tasks may go, and what is left there. One owner, no clock, no randomness: the choice depends on what is free and
 * loaded, not on how it came to be so. `choose` and `take` allocate nothing.
 */
export class PlacementBoard {
  readonly table: NodeTable;
  readonly plans: ClassPlans;
  private readonly scorer: PlacementScorer;
  private readonly originOf: Uint16Array;
  private readonly heldNodes: number[] = [];
  private readonly heldMark: Uint8Array;
  private readonly seat: Seat = { node: -1, gpuMask: 0, tier: null };

  constructor(
    workers: readonly WorkerView[],
    weights: PlacementWeights,
    labelNames: readonly string[],
    mix: readonly MixEntry[],
  ) {
    const kinds = new WorkerKinds(labelNames);
    const sorted = workers.toSorted(byWorkerId);
    this.table = new NodeTable(
      sorted.filter((worker) => worker.alive && !worker.draining),
      kinds,
    );
    for (const worker of sorted) if (!worker.alive || worker.draining) kinds.add(worker);
    this.plans = new ClassPlans(kinds, this.table.kinds, this.table.kindRoom, weights);
    this.originOf = new Uint16Array(this.table.kindRoom);
    for (let kind = 0; kind < this.table.kinds.length; kind++) this.originOf[kind] = kind;
    this.heldMark = new Uint8Array(this.table.workerOf.length);
    const expected = mix.map(({ example, weight }) => ({ plan: this.plans.of(example), weight }));
    const potential = new MixPotential(expected, this.table.kinds.length, this.originOf);
    this.scorer = new PlacementScorer(this.table.capacity, potential);
  }

  /**
   * The best place for one task of the class, or null; nothing is taken. The seat is one object, which the next call
   * overwrites. Order: least cost (fragmentation, model load, type switch, wishes), then the first node.
   */
  choose(plan: ClassPlan): Seat | null {
    const { seat } = this;
    let least = Infinity;
    seat.node = -1;
    for (const tier of plan.tiers) {
      const choice = this.scorer.choose(tier.taskClass);
      if (choice === null) continue;
      if (choice.cost > least || (choice.cost === least && choice.node > seat.node)) continue;
      least = choice.cost;
      seat.node = choice.node;
      seat.gpuMask = choice.gpuMask;
      seat.tier = tier;
    }
    if (seat.node === -1) return null;
    this.joinByNvlink(seat);
    return seat;
  }

  /** The best node for a whole set of tasks whose classes are `bundles`, one a tier; -1 without one. Slots are not looked at. */
  bestNodeFor(bundles: readonly TaskClass[]): number {
    let least = Infinity;
    let node = -1;
    for (let at = 0; at < bundles.length; at++) {
      const bundle = bundles[at];
      const choice = bundle === undefined ? null : this.scorer.choose(bundle);
      if (choice === null) continue;
      if (choice.cost > least || (choice.cost === least && choice.node > node)) continue;
      least = choice.cost;
      node = choice.node;
    }
    return node;
  }

  /** Takes the seat for a task of the class: the model and the type are loaded there from now on. */
  take(plan: ClassPlan, node: number, gpuMask: number, tier: Tier): void {
    const { capacity, workerOf, freeSlots, hasSlots } = this.table;
    const { cpuMilli, memoryMib, gpuMilli } = tier.taskClass;
    const worker = workerOf[node] ?? 0;
    capacity.take(node, cpuMilli, memoryMib, gpuMilli, gpuMask);
    this.forSiblings(node, cpuMilli, memoryMib, true);
    this.table.freed(node, -gpuMilli * bitsOf(gpuMask));
    if (hasSlots[node] === 1) this.table.freed(node, -slotBound(this.table.workers[worker]));
    this.warm(plan, node);
    this.table.started(worker);
    freeSlots[worker] = (freeSlots[worker] ?? 0) - 1;
    if (freeSlots[worker] === 0) this.eachNode(worker, (own) => capacity.setKind(own, CLOSED_KIND));
  }

  /** The task on that seat ended: what it held is free again, what it loaded stays loaded. */
  release(node: number, gpuMask: number, tier: Tier): void {
    const { capacity, workerOf, freeSlots, hasSlots, openKind } = this.table;
    const { cpuMilli, memoryMib, gpuMilli } = tier.taskClass;
    const worker = workerOf[node] ?? 0;
    capacity.release(node, cpuMilli, memoryMib, gpuMilli, gpuMask);
    this.forSiblings(node, cpuMilli, memoryMib, false);
    this.table.freed(node, gpuMilli * bitsOf(gpuMask));
    if (hasSlots[node] === 1) this.table.freed(node, slotBound(this.table.workers[worker]));
    freeSlots[worker] = (freeSlots[worker] ?? 0) + 1;
    if (freeSlots[worker] === 1) this.eachNode(worker, (own) => capacity.setKind(own, openKind[own] ?? 0));
  }

  /** What the node runs looks as before a placement that is being taken back. */
  restoreKind(node: number, kind: number): void {
    this.table.openKind[node] = kind;
    if (this.table.capacity.kind[node] !== CLOSED_KIND) this.table.capacity.setKind(node, kind);
  }

  /** How many tasks of the class the node takes at once now. */
  roomOn(node: number, plan: ClassPlan): number {
    const { capacity, workerOf, freeSlots } = this.table;
    return Math.min(freeSlots[workerOf[node] ?? 0] ?? 0, this.roomInShape(capacity.shapeOf[node] ?? 0, plan));
  }

  /** The same for any node of that shape, slots aside. */
  roomInShape(shape: number, plan: ClassPlan): number {
    const { shapes } = this.table.capacity;
    plan.rooms ??= new ShapeRooms(shapes, (one) => this.roomAs(shapes.kind[one] ?? 0, one, plan));
    return plan.rooms.of(shape);
  }

  private roomAs(kind: number, shape: number, plan: ClassPlan): number {
    const { shapes } = this.table.capacity;
    const tier = plan.tiers[plan.tierOfKind[kind] ?? -1];
    if (tier === undefined) return 0;
    const { cpuMilli, memoryMib, gpus, gpuMilli } = tier.taskClass;
    let room = Infinity;
    if (cpuMilli > 0) room = Math.min(room, Math.floor((shapes.freeCpuMilli[shape] ?? 0) / cpuMilli));
    if (memoryMib > 0) room = Math.min(room, Math.floor((shapes.freeMemoryMib[shape] ?? 0) / memoryMib));
    if (gpus === 0) return room;
    const at = shape * shapes.stride;
    let parts = 0;
    for (let gpu = 0; gpu < (shapes.gpuCount[shape] ?? 0); gpu++) {
      parts += Math.floor((shapes.freeGpuMilli[at + gpu] ?? 0) / gpuMilli);
    }
    return Math.min(room, Math.floor(parts / gpus));
  }

  /** Whether a held node has room for a task of the class. */
  hasHeldRoom(plan: ClassPlan): boolean {
    const { capacity, openKind } = this.table;
    return this.heldNodes.some((node) => this.roomAs(openKind[node] ?? 0, capacity.shapeOf[node] ?? 0, plan) > 0);
  }

  /** The seat for one task of the class on that node; it has room. */
  seatOn(node: number, plan: ClassPlan): Seat {
    const { capacity } = this.table;
    const tier = plan.tiers[plan.tierOfKind[capacity.kind[node] ?? 0] ?? -1] ?? null;
    this.seat.node = node;
    this.seat.tier = tier;
    this.seat.gpuMask = tier === null ? 0 : capacity.tightestGpus(node, tier.taskClass.gpuMilli, tier.taskClass.gpus);
    this.joinByNvlink(this.seat);
    return this.seat;
  }

  /** Nobody takes anything of the node until `letGo`. */
  hold(node: number): void {
    if (this.table.capacity.kind[node] === CLOSED_KIND) return;
    this.heldNodes.push(node);
    this.heldMark[node] = 1;
    this.table.capacity.setKind(node, CLOSED_KIND);
  }

  letGo(): void {
    const { capacity, openKind, freeSlots, workerOf } = this.table;
    for (const node of this.heldNodes.splice(0)) {
      this.heldMark[node] = 0;
      if ((freeSlots[workerOf[node] ?? 0] ?? 0) > 0) capacity.setKind(node, openKind[node] ?? 0);
    }
  }

  isHeld(node: number): boolean {
    return this.heldMark[node] === 1;
  }

  holdWorker(worker: WorkerView): void {
    const at = this.table.workers.indexOf(worker);
    if (at >= 0) this.eachNode(at, (node) => this.hold(node));
  }

  private warm(plan: ClassPlan, node: number): void {
    const { table } = this;
    const { model, taskType } = plan.example;
    const from = table.openKind[node] ?? 0;
    const kind = table.kinds[from];
    if (kind === null || kind === undefined) return;
    const hasModel = model === undefined || kind.models.includes(model);
    const hasType = kind.taskTypes.includes(taskType);
    if (hasModel && hasType) return;
    const models = hasModel ? kind.models : [...kind.models, model].toSorted();
    const taskTypes = hasType ? kind.taskTypes : [...kind.taskTypes, taskType].toSorted();
    const before = table.kinds.length;
    const to = table.kindFor({ ...kind, models, taskTypes }, from);
    if (table.kinds.length > before) {
      this.originOf[to] = this.originOf[from] ?? from;
      this.plans.addKind(to);
    }
    table.openKind[node] = to;
    if (table.capacity.kind[node] !== CLOSED_KIND) table.capacity.setKind(node, to);
  }

  /** Whole GPUs come from one NVLink group where one has enough. */
  private joinByNvlink(seat: Seat): void {
    if (this.table.isSplit[seat.node] !== 1) return;
    const bay = this.table.bayOf[seat.node];
    if (bay === undefined || seat.tier === null || seat.tier.taskClass.gpuMilli !== GPU_MILLI) return;
    const { capacity } = this.table;
    const mask = nvlinkMask(bay, capacity.freeGpuMilli, seat.node * capacity.stride, seat.tier.taskClass.gpus);
    if (mask !== 0) seat.gpuMask = mask;
  }

  private forSiblings(node: number, cpuMilli: number, memoryMib: number, take: boolean): void {
    const { capacity, workerOf, nodesOfWorker } = this.table;
    const worker = workerOf[node] ?? 0;
    if ((nodesOfWorker[worker] ?? 1) === 1) return;
    this.eachNode(worker, (own) => {
      if (own === node) return;
      if (take) capacity.take(own, cpuMilli, memoryMib, 0, 0);
      else capacity.release(own, cpuMilli, memoryMib, 0, 0);
    });
  }

  private eachNode(worker: number, visit: (node: number) => void): void {
    const first = this.table.firstNode[worker] ?? 0;
    const end = first + (this.table.nodesOfWorker[worker] ?? 0);
    for (let node = first; node < end; node++) visit(node);
  }
}

export function byWorkerId(a: WorkerView, b: WorkerView): number {
  return compareIds(a.workerId, b.workerId) || compareIds(a.incarnation, b.incarnation);
}

function bitsOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
