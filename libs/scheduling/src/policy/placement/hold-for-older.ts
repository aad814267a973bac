import type { GangLevel } from '../snapshot.js';
import type { ClassPlan } from './class-plans.js';
import type { NodeTable } from './node-table.js';
import type { PlacementBoard } from './placement-board.js';

interface Candidate {
  readonly node: number;
  readonly room: number;
  readonly freeMilli: number;
  readonly drainedAt: number;
  readonly lastStart: number;
}

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
  for (const { node } of nodes) board.hold(node);
}

/**
 * Order of nodes to hold:
 * 1. where all that runs is expected to end first;
 * 2. the most that is free;
 * 3. where the last start is the longest ago: what was held in the cycles before;
 * 4. the first node.
 */
function byCloseness(a: Candidate, b: Candidate): number {
  return a.drainedAt - b.drainedAt || b.freeMilli - a.freeMilli || a.lastStart - b.lastStart || a.node - b.node;
}

function bestNode(board: PlacementBoard, plan: ClassPlan): readonly Candidate[] {
  const all = candidates(board, plan, board.table.workerOf.keys());
  return all.length === 0 ? [] : [all.reduce((best, next) => (byCloseness(next, best) < 0 ? next : best))];
}

function bestDomain(board: PlacementBoard, plan: ClassPlan, members: number, within: GangLevel): readonly Candidate[] {
  if (within === 'node' || within === 'nvlink') {
    return bestNode(board, plan).filter(({ room }) => room >= members);
  }
  const domains = within === 'rack' ? board.table.racks : board.table.zones;
  const byFree = Array.from({ length: domains.count }, (_, domain) => domain).toSorted(
    (a, b) => (domains.freeMilli[b] ?? 0) - (domains.freeMilli[a] ?? 0) || a - b,
  );
  for (const domain of byFree) {
    const found = enough(candidates(board, plan, domains.nodesOf(domain)), members);
    if (found !== null) return found;
  }
  return [];
}

/** The closest nodes until all members would fit on them once they are empty; null when they never do. */
function enough(nodes: readonly Candidate[], members: number): readonly Candidate[] | null {
  const sorted = nodes.toSorted(byCloseness);
  let room = 0;
  for (const [at, candidate] of sorted.entries()) {
    room += candidate.room;
    if (room >= members) return sorted.slice(0, at + 1);
  }
  return null;
}

/** Nodes that would take the class if nothing ran on them, and that are not held for another. */
function candidates(board: PlacementBoard, plan: ClassPlan, nodes: Iterable<number>): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const node of nodes) {
    if ((plan.tierOfKind[board.table.openKind[node] ?? 0] ?? -1) === -1 || board.isHeld(node)) continue;
    const room = emptyRoom(board.table, plan, node);
    if (room === 0) continue;
    const { table } = board;
    const worker = table.workerOf[node] ?? 0;
    const drainedAt = table.drainedAt[worker] ?? 0;
    found.push({ node, room, freeMilli: freeOn(table, node), drainedAt, lastStart: table.lastStart[worker] ?? 0 });
  }
  return found;
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
