import type { Instant } from '@millrace/kernel';
import type { DecisionCycle, ItemWait } from './cycle/decision-cycle.js';
import { StandingCycle } from './cycle/standing-cycle.js';
import type { WaitReasons } from './cycle/wait-reasons.js';
import type { WorkItem } from './cycle/work-item.js';
import type { Decision } from './decision.js';
import type { FairShares } from './ordering/ordering-policy.js';
import { byOrderOfService } from './ordering/ordering.js';
import { expectedMix } from './placement/expected-mix.js';
import type { PlacementBoard } from './placement/placement-board.js';
import type { PendingTask, PlacedClass, PolicyConfig, SchedulingSnapshot, WorkerView } from './snapshot.js';

/** What a cycle decided, and how the tenants stand after it. */
export interface CycleDecisions {
  readonly decisions: readonly Decision[];
  readonly shares: FairShares;
}

/**
 * Chooses placements for one cycle (scheduling.md section 1): strict classes, tenants by fair queueing, the shortest first
 * with a cap on age; filters, then the least cost of fragmentation, model load and switching; gangs all or nothing; quotas;
 * bounded preemption. Pure: the same snapshot, config and now give the same decisions, however the snapshot is ordered.
 * One decision per pending task with its reason, what was looked at first, in order of service.
 */
export function decide(snapshot: SchedulingSnapshot, policy: PolicyConfig, now: Instant): readonly Decision[] {
  return decideCycle(snapshot, policy, now).decisions;
}

/** `decide`, with the state of fair sharing that the next cycle's snapshot brings. */
export function decideCycle(snapshot: SchedulingSnapshot, policy: PolicyConfig, now: Instant): CycleDecisions {
  const { pending, arrivals = [] } = snapshot;
  const standing = new StandingCycle({ ...snapshot, workers: serving(snapshot) }, policy, {
    labelNames: labelNames([...pending, ...arrivals]),
    mix: expectedMix(pending, arrivals),
  });
  const { single, gangs, incomplete } = unitsOf(pending);
  const items = [
    ...single.map((task) => standing.submit(task)),
    ...gangs.map((members) => standing.submitGang(members)),
  ];
  standing.run(now, policy.maxPlacements);
  const { cycle, board, reasons } = standing;
  const decisions = [
    ...inOrderOfLook(cycle, board, reasons),
    ...unseen(items, cycle).flatMap((item) =>
      item.members.map((task) => waitOf({ item, reason: reasons.ofUnseen(item, cycle.limited) }, task, reasons)),
    ),
    ...incomplete
      .toSorted(byOrderOfService)
      .map((task): Decision => ({ kind: 'wait', task, reason: 'gang_incomplete' })),
  ];
  return { decisions, shares: standing.shares() };
}

/** Workers of a paused pool take nothing new. */
function serving({ workers, pools = [] }: SchedulingSnapshot): readonly WorkerView[] {
  const paused = new Set(pools.filter(({ condition }) => condition === 'paused').map(({ pool }) => pool));
  return paused.size === 0 ? workers : workers.map((w) => (paused.has(w.pool) ? { ...w, draining: true } : w));
}

function labelNames(asking: readonly PlacedClass[]): readonly string[] {
  const names = asking.flatMap(({ demands }) => [
    ...Object.keys(demands?.labels ?? {}),
    ...(demands?.prefers ?? []).flatMap(({ label }) => (label === undefined ? [] : [label[0]])),
  ]);
  return [...new Set(names)].toSorted();
}

/** Single tasks, complete gangs, and the members of gangs that are not complete yet. */
function unitsOf(pending: readonly PendingTask[]): {
  readonly single: readonly PendingTask[];
  readonly gangs: readonly (readonly PendingTask[])[];
  readonly incomplete: readonly PendingTask[];
} {
  const members = pending.filter(({ gang }) => gang !== undefined);
  const gangs = [...Map.groupBy(members, ({ gang }) => gang?.id).values()];
  return {
    single: members.length === 0 ? pending : pending.filter(({ gang }) => gang === undefined),
    gangs: gangs.filter(isComplete),
    incomplete: gangs.filter((gang) => !isComplete(gang)).flat(),
  };
}

function isComplete(members: readonly PendingTask[]): boolean {
  return members.length >= Math.max(...members.map(({ gang }) => gang?.size ?? 1));
}

/** Placements and waits, as the cycle came to them. */
function inOrderOfLook(cycle: DecisionCycle, board: PlacementBoard, reasons: WaitReasons): readonly Decision[] {
  const { seats, waits } = cycle;
  const decisions: Decision[] = [];
  let nextWait = 0;
  for (let at = 0; at < seats.count; at++) {
    for (; (waits[nextWait]?.seatsBefore ?? Infinity) <= at; nextWait++) addWait(decisions, waits[nextWait], reasons);
    const task = seats.items[at]?.members[seats.member[at] ?? 0];
    const node = seats.node[at] ?? 0;
    const worker = board.table.workers[board.table.workerOf[node] ?? 0];
    if (task === undefined || worker === undefined) continue;
    const devices = devicesOf(board, node, seats.gpuMask[at] ?? 0);
    const reason = seats.reason[at] ?? 'first_fitting_worker';
    decisions.push({ kind: 'place', task, worker, reason, ...(devices.length === 0 ? {} : { devices }) });
  }
  for (; nextWait < waits.length; nextWait++) addWait(decisions, waits[nextWait], reasons);
  return decisions;
}

function addWait(decisions: Decision[], wait: ItemWait | undefined, reasons: WaitReasons): void {
  if (wait === undefined) return;
  for (const task of wait.item.members) decisions.push(waitOf(wait, task, reasons));
}

function waitOf(wait: Omit<ItemWait, 'seatsBefore'>, task: PendingTask, reasons: WaitReasons): Decision {
  const { item, reason, preemption } = wait;
  const evidence = EXPLAINED.has(reason) ? reasons.evidenceOf(item) : undefined;
  return {
    kind: 'wait',
    task,
    reason,
    ...(evidence === undefined ? {} : { evidence }),
    ...(preemption === undefined ? {} : { preemption }),
  };
}

/** Reasons that say something about workers. */
const EXPLAINED: ReadonlySet<string> = new Set(['no_fitting_worker', 'pool_busy', 'pool_draining', 'gang_no_room']);

function devicesOf(board: PlacementBoard, node: number, gpuMask: number): readonly number[] {
  const bay = board.table.bayOf[node];
  return bay === undefined ? [] : bay.devices.filter((_, gpu) => (gpuMask & (1 << gpu)) !== 0);
}

/** Items that the cycle did not come to, as a static order would serve them. */
function unseen(items: readonly WorkItem[], cycle: DecisionCycle): readonly WorkItem[] {
  const seen = new Set<WorkItem>(cycle.waits.map(({ item }) => item));
  for (let at = 0; at < cycle.seats.count; at++) {
    const item = cycle.seats.items[at];
    if (item !== undefined) seen.add(item);
  }
  return items.filter((item) => !seen.has(item)).toSorted(byItemOrder);
}

function byItemOrder(a: WorkItem, b: WorkItem): number {
  const first = a.members[0];
  const second = b.members[0];
  return first === undefined || second === undefined ? 0 : byOrderOfService(first, second);
}
