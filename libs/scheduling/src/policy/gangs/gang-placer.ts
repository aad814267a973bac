import { invariant } from '@millrace/kernel';
import { GPU_MILLI } from '../fragmentation/cluster-capacity.js';
import type { TaskClass } from '../fragmentation/task-class.js';
import type { ClassPlan, Tier } from '../placement/class-plans.js';
import { nvlinkMask, largestNvlinkRoom } from '../placement/nvlink.js';
import type { PlacementBoard } from '../placement/placement-board.js';
import type { Domains } from '../placement/topology.js';
import { GANG_LEVELS, type GangLevel } from '../snapshot.js';

/** Racks or zones that are tried for one gang, the tightest that may have room first. */
export const DOMAIN_TRIES = 16;
/** Members of a gang at most. */
export const GANG_LIMIT = 4_096;

/**
 * Places gangs all or nothing (SCH-40): on the closest level that has room (SCH-41), on as few nodes as possible there.
 * What was taken for a gang that does not fit after all is given back from a log, so that no part of it holds anything.
 */
export class GangPlacer {
  /** Seats of the last gang, by member. */
  readonly nodes = new Int32Array(GANG_LIMIT);
  readonly gpuMasks = new Int32Array(GANG_LIMIT);
  readonly tiers: (Tier | null)[] = [];
  private readonly kindsBefore = new Int32Array(GANG_LIMIT);
  private readonly rooms: Int32Array;
  private readonly tried: Int32Array = new Int32Array(DOMAIN_TRIES);
  private readonly bundles = new Map<string, TaskClass[]>();
  private count = 0;

  constructor(private readonly board: PlacementBoard) {
    this.rooms = new Int32Array(board.table.workerOf.length);
  }

  /** Takes seats for all members, or none; the level they share, or null. `plans`: each member's class, equal ones together. */
  place(plans: readonly ClassPlan[], within: GangLevel): GangLevel | null {
    invariant(plans.length <= GANG_LIMIT, `a gang has at most ${GANG_LIMIT} members`);
    if (!this.mayFit(plans)) return null;
    const widest = GANG_LEVELS.indexOf(within);
    for (let level = 0; level <= widest; level++) {
      const name = GANG_LEVELS[level];
      if (name === 'rack' && within !== 'rack' && !this.board.table.tellsRacks) continue;
      if (name !== undefined && this.placeAt(plans, name)) return name;
    }
    return null;
  }

  /** Whether the whole cluster has room for as many as there are of the first class: seen by shapes, not by nodes. */
  private mayFit(plans: readonly ClassPlan[]): boolean {
    const { capacity } = this.board.table;
    const first = plans[0];
    if (first === undefined) return false;
    let left = 0;
    for (const plan of plans) if (plan === first) left += 1;
    const live = capacity.liveShapes();
    for (let at = 0; at < live.length && left > 0; at++) {
      const shape = live[at] ?? 0;
      left -= this.board.roomInShape(shape, first) * (capacity.shapes.nodeCount[shape] ?? 0);
    }
    return left <= 0;
  }

  private placeAt(plans: readonly ClassPlan[], level: GangLevel): boolean {
    const { racks, zones } = this.board.table;
    switch (level) {
      case 'nvlink':
        return this.placeOnOneNode(plans, true);
      case 'node':
        return this.placeOnOneNode(plans, false);
      case 'rack':
        return this.placeInDomains(plans, racks);
      case 'zone':
        return this.placeInDomains(plans, zones);
    }
  }

  private placeOnOneNode(plans: readonly ClassPlan[], nvlink: boolean): boolean {
    const first = plans[0];
    if (first === undefined || !mayShareNode(first, plans.length)) return false;
    let node = this.board.bestNodeFor(this.bundlesOf(first, plans.length));
    if (node === -1 && !hasShares(first)) return false;
    if (node === -1 || !this.suits(node, first, plans.length, nvlink)) node = this.scan(first, plans.length, nvlink);
    if (node === -1) return false;
    this.count = 0;
    const group = nvlink ? this.groupMask(node, first, plans.length) : 0;
    if (plans.every((plan) => this.seat(plan, node, group))) return true;
    this.undo();
    return false;
  }

  private suits(node: number, plan: ClassPlan, members: number, nvlink: boolean): boolean {
    return this.board.roomOn(node, plan) >= members && (!nvlink || this.hasNvlinkRoom(node, plan, members));
  }

  /** The node with the least room that suffices, the lowest among equals: where slots or NVLink groups bound it. */
  private scan(plan: ClassPlan, members: number, nvlink: boolean): number {
    let best = -1;
    let bestRoom = Infinity;
    for (let node = 0; node < this.rooms.length; node++) {
      const room = this.board.roomOn(node, plan);
      if (room >= bestRoom || !this.suits(node, plan, members, nvlink)) continue;
      best = node;
      bestRoom = room;
    }
    return best;
  }

  /** What all members take together, by tier of their class. */
  private bundlesOf(plan: ClassPlan, members: number): readonly TaskClass[] {
    const key = `${members}*${plan.key}`;
    const bundles = this.bundles.get(key) ?? [];
    if (bundles.length === 0) this.bundles.set(key, bundles);
    for (let at = bundles.length; at < plan.tiers.length; at++) {
      const tier = plan.tiers[at];
      if (tier === undefined) continue;
      const { cpuMilli, memoryMib, gpus, gpuMilli, kinds, biases } = tier.taskClass;
      const total = { cpuMilli: cpuMilli * members, memoryMib: memoryMib * members, gpus: gpus * members };
      bundles.push({ ...total, gpuMilli, kinds, biases });
    }
    return bundles;
  }

  private hasNvlinkRoom(node: number, plan: ClassPlan, members: number): boolean {
    const { bayOf, capacity } = this.board.table;
    const bay = bayOf[node];
    const gpus = plan.example.needs.gpus * members;
    if (bay === undefined || bay.mode === 'slots') return true;
    return bay.mode === 'whole' && largestNvlinkRoom(bay, capacity.freeGpuMilli, node * capacity.stride) >= gpus;
  }

  /** All GPUs of the gang, from one NVLink group; 0: the node has one group, any will do. */
  private groupMask(node: number, plan: ClassPlan, members: number): number {
    const { bayOf, capacity } = this.board.table;
    const bay = bayOf[node];
    if (bay === undefined) return 0;
    return nvlinkMask(bay, capacity.freeGpuMilli, node * capacity.stride, plan.example.needs.gpus * members);
  }

  private placeInDomains(plans: readonly ClassPlan[], domains: Domains): boolean {
    const need = plans.reduce((sum, plan) => sum + boundOf(plan), 0);
    const bits = plans[0]?.workerKindBits ?? 0;
    for (let tries = 0; tries < Math.min(DOMAIN_TRIES, domains.count); tries++) {
      const domain = this.tightestUntried(domains, need, bits, tries);
      if (domain === -1) return false;
      this.tried[tries] = domain;
      if (this.placeIn(plans, domains, domain)) return true;
    }
    return false;
  }

  private tightestUntried(domains: Domains, need: number, bits: number, tries: number): number {
    let best = -1;
    for (let domain = 0; domain < domains.count; domain++) {
      const free = domains.freeMilli[domain] ?? 0;
      if (free < need || ((domains.kindBits[domain] ?? 0) & bits) === 0) continue;
      if (best !== -1 && free >= (domains.freeMilli[best] ?? 0)) continue;
      if (!isAmong(this.tried, tries, domain)) best = domain;
    }
    return best;
  }

  private placeIn(plans: readonly ClassPlan[], domains: Domains, domain: number): boolean {
    this.count = 0;
    for (let at = 0; at < plans.length;) {
      const plan = plans[at];
      let end = at;
      while (end < plans.length && plans[end] === plan) end += 1;
      // Elsewhere no node has room for it.
      const nodes = plan === undefined ? null : domains.nodesOfKinds(domain, plan.workerKindBits);
      if (plan === undefined || nodes === null || !this.spread(plan, end - at, nodes)) {
        this.undo();
        return false;
      }
      at = end;
    }
    return true;
  }

  /** `members` of one class: nodes with the most room first, and for the rest the one that it fills best. */
  private spread(plan: ClassPlan, members: number, nodes: Int32Array): boolean {
    let total = 0;
    let most = 0;
    for (let at = 0; at < nodes.length; at++) {
      const room = this.board.roomOn(nodes[at] ?? 0, plan);
      this.rooms[at] = room;
      total += room;
      if (room > most) most = room;
    }
    if (total < members) return false;
    let left = members;
    for (let room = Math.min(most, members); room > 0 && left > 0; room--) {
      for (let at = 0; at < nodes.length && left >= room; at++) {
        if (Math.min(this.rooms[at] ?? 0, members) !== room) continue;
        left -= this.fill(plan, nodes[at] ?? 0, room);
        this.rooms[at] = 0;
      }
      if (left > 0 && left < room) left -= this.fillRest(plan, left, nodes);
    }
    return left === 0;
  }

  /** The node with the least room for all that are left. */
  private fillRest(plan: ClassPlan, left: number, nodes: Int32Array): number {
    let best = -1;
    for (let at = 0; at < nodes.length; at++) {
      const room = this.rooms[at] ?? 0;
      if (room >= left && (best === -1 || room < (this.rooms[best] ?? 0))) best = at;
    }
    if (best === -1) return 0;
    this.rooms[best] = 0;
    return this.fill(plan, nodes[best] ?? 0, left);
  }

  private fill(plan: ClassPlan, node: number, members: number): number {
    let seated = 0;
    while (seated < members && this.seat(plan, node, 0)) seated += 1;
    return seated;
  }

  private seat(plan: ClassPlan, node: number, within: number): boolean {
    const { board, count } = this;
    if (board.roomOn(node, plan) === 0) return false;
    const { gpuMask, tier } = board.seatOn(node, plan);
    if (tier === null) return false;
    const mask = within === 0 ? gpuMask : this.lowestFree(node, within, tier.taskClass.gpus);
    this.nodes[count] = node;
    this.gpuMasks[count] = mask;
    this.tiers[count] = tier;
    this.kindsBefore[count] = board.table.openKind[node] ?? 0;
    board.take(plan, node, mask, tier);
    this.count = count + 1;
    return true;
  }

  private lowestFree(node: number, within: number, gpus: number): number {
    const { capacity } = this.board.table;
    let mask = 0;
    for (let gpu = 0, left = gpus; left > 0 && gpu < capacity.stride; gpu++) {
      if ((within & (1 << gpu)) === 0 || capacity.freeGpuMilli[node * capacity.stride + gpu] !== GPU_MILLI) continue;
      mask |= 1 << gpu;
      left -= 1;
    }
    return mask;
  }

  /** Gives back all that this gang took, the latest first. */
  private undo(): void {
    for (let at = this.count - 1; at >= 0; at--) {
      const tier = this.tiers[at];
      const node = this.nodes[at] ?? 0;
      if (tier !== null && tier !== undefined) this.board.release(node, this.gpuMasks[at] ?? 0, tier);
      this.board.restoreKind(node, this.kindsBefore[at] ?? 0);
    }
    this.count = 0;
  }
}

/** No node takes so many, whatever is free: its largest bay has 16 GPUs. */
function mayShareNode(plan: ClassPlan, members: number): boolean {
  return plan.tiers.length > 0 && members * plan.example.needs.gpus <= 16;
}

/** Members that take parts of GPUs may fit together on fewer GPUs than a bundle of them asks for. */
function hasShares(plan: ClassPlan): boolean {
  return plan.tiers.some(({ taskClass }) => taskClass.gpus > 0 && taskClass.gpuMilli < GPU_MILLI);
}

/** Least GPU thousandths that a member takes anywhere. */
function boundOf(plan: ClassPlan): number {
  let least = Infinity;
  for (const { taskClass } of plan.tiers) {
    // A slot stands for at least as many GPUs as a task that fits there asks for.
    const milli = taskClass.gpus === 0 ? plan.example.needs.gpus * GPU_MILLI : taskClass.gpus * taskClass.gpuMilli;
    if (milli < least) least = milli;
  }
  return least;
}

function isAmong(tried: Int32Array, count: number, domain: number): boolean {
  for (let at = 0; at < count; at++) if (tried[at] === domain) return true;
  return false;
}
