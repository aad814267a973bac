import { NumberHeap } from '../ordering/number-heap.js';
import type { GangLevel } from '../snapshot.js';
import type { ClassPlan } from './class-plans.js';
import type { NodeTable } from './node-table.js';
import type { PlacementBoard } from './placement-board.js';

/**
 * Holds nodes for a task or gang that has waited too long and finds no room, so that what ends there is not taken by
 * smaller and younger work forever (backfill does not starve a gang). It takes the part of the cluster that is closest to
 * having room: the rack or zone with the most free, and in it the nodes that are closest to being empty. Nothing new comes
 * to a held node, so that the next cycles choose the same ones, or better ones.
 */
export function holdForOlder(board: PlacementBoard, plans: readonly ClassPlan[], within: GangLevel): void {
  const plan = plans[0];
  if (plan === undefined) return;
  const nodes = plans.length === 1 ? bestNode(board, plan) : bestDomain(board, plan, plans.length, within);
  for (const node of nodes) board.hold(node);
}

/**
 * Order of nodes to hold:
 * 1. where all that runs is expected to end first;
 * 2. the most that is free;
 * 3. where the last start is the longest ago: what was held in the cycles before;
 * 4. the first node.
 */
function isCloser(table: NodeTable, a: number, b: number): boolean {
  const { workerOf, drainedAt, lastStart } = table;
  const workerA = workerOf[a] ?? 0;
  const workerB = workerOf[b] ?? 0;
  const apart =
    (drainedAt[workerA] ?? 0) - (drainedAt[workerB] ?? 0) ||
    freeOn(table, b) - freeOn(table, a) ||
    (lastStart[workerA] ?? 0) - (lastStart[workerB] ?? 0) ||
    a - b;
  return apart < 0;
}

function bestNode(board: PlacementBoard, plan: ClassPlan): readonly number[] {
  const { table } = board;
  let best = -1;
  for (const node of table.cluster.nodesOfKinds(0, plan.workerKindBits)) {
    if (!isCandidate(board, plan, node)) continue;
    if (best === -1 || isCloser(table, node, best)) best = node;
  }
  return best === -1 ? [] : [best];
}

function bestDomain(board: PlacementBoard, plan: ClassPlan, members: number, within: GangLevel): readonly number[] {
  if (within === 'node' || within === 'nvlink') {
    return bestNode(board, plan).filter((node) => emptyRoom(board.table, plan, node) >= members);
  }
  const domains = within === 'rack' ? board.table.racks : board.table.zones;
  const byFree = Array.from({ length: domains.count }, (_, domain) => domain).toSorted(
    (a, b) => (domains.freeMilli[b] ?? 0) - (domains.freeMilli[a] ?? 0) || a - b,
  );
  for (const domain of byFree) {
    const found = enough(board, plan, members, domains.nodesOfKinds(domain, plan.workerKindBits));
    if (found !== null) return found;
  }
  return [];
}

/** The closest nodes until all members would fit on them once they are empty; null when they never do. */
function enough(board: PlacementBoard, plan: ClassPlan, members: number, nodes: Int32Array): readonly number[] | null {
  const { table } = board;
  const heap = new NumberHeap((a, b) => isCloser(table, a, b), false);
  for (const node of nodes) {
    if (isCandidate(board, plan, node)) heap.push(node, table.drainedAt[table.workerOf[node] ?? 0] ?? 0);
  }
  const found: number[] = [];
  let room = 0;
  while (room < members && heap.size > 0) {
    const node = heap.pop();
    room += emptyRoom(table, plan, node);
    found.push(node);
  }
  return room >= members ? found : null;
}

/** It would take the class if nothing ran on it, and is not held for another. */
function isCandidate(board: PlacementBoard, plan: ClassPlan, node: number): boolean {
  if (plan.tierOfKind[board.table.openKind[node] ?? 0] === -1 || board.isHeld(node)) return false;
  return emptyRoom(board.table, plan, node) > 0;
}

function emptyRoom(table: NodeTable, plan: ClassPlan, node: number): number {
  const tier = plan.tiers[plan.tierOfKind[table.openKind[node] ?? 0] ?? -1];
  const worker = table.workers[table.workerOf[node] ?? 0];
  if (tier === undefined || worker === undefined) return 0;
  const { cpuMilli, memoryMib, gpus, gpuMilli } = tier.taskClass;
  const byCpu = cpuMilli === 0 ? Infinity : (worker.cpuMilli ?? Infinity) / cpuMilli;
  const byMemory = memoryMib === 0 ? Infinity : (worker.ramMiB ?? Infinity) / memoryMib;
  const parts = (table.bayOf[node]?.freeMilli.length ?? 0) * Math.floor(1000 / Math.max(1, gpuMilli));
  const byGpus = gpus === 0 ? Infinity : parts / gpus;
  return Math.floor(Math.min(worker.slots, byCpu, byMemory, byGpus));
}

/** Free GPU thousandths, or slots where the worker tells of no GPUs. */
function freeOn(table: NodeTable, node: number): number {
  const { capacity, freeSlots, workerOf } = table;
  let free = table.bayOf[node]?.mode === 'slots' ? (freeSlots[workerOf[node] ?? 0] ?? 0) * 1000 : 0;
  const at = node * capacity.stride;
  for (let gpu = 0; gpu < (capacity.gpuCount[node] ?? 0); gpu++) free += capacity.freeGpuMilli[at + gpu] ?? 0;
  return free;
}
