import type { QueuedTask } from '../ordering/ordering-policy.js';
import type { ClassPlan } from '../placement/class-plans.js';
import type { PlacementBoard } from '../placement/placement-board.js';
import { chargeOf, type QuotaBook, type QuotaCharge } from '../quotas/quota-book.js';
import type { GangLevel, PendingTask } from '../snapshot.js';
import { compareIds } from '../ordering/ordering.js';

/** What is placed at once: a task, or all members of a gang. */
export interface WorkItem extends QueuedTask {
  /** By class, then by id. */
  readonly members: readonly PendingTask[];
  readonly plans: readonly ClassPlan[];
  /** Null: no gang. */
  readonly within: GangLevel | null;
  readonly charge: QuotaCharge;
  /** Accounts of the quota book, -1 without one. */
  readonly tenantAccount: number;
  readonly namespaceAccount: number;
  readonly notBefore: number | null;
  /** What its tenant is charged beyond `gpuSeconds` when it starts. */
  readonly unpredictedGpuSeconds: number;
}

/** A task of unknown length counts as a short one of one GPU (TYP-22); what it is worth beyond is charged at its start. */
const UNKNOWN_SECONDS = 180;

/** `members` are one task, or a complete gang. */
export function toWorkItem(members: readonly PendingTask[], board: PlacementBoard, quotas: QuotaBook): WorkItem | null {
  const [first] = members.toSorted((a, b) => compareIds(a.id, b.id));
  if (first === undefined) return null;
  const seated = members
    .map((task) => ({ task, plan: board.plans.of(task) }))
    .toSorted((a, b) => b.task.needs.gpus - a.task.needs.gpus || byKeyThenId(a, b));
  const within = first.gang === undefined ? null : (first.gang.within ?? 'zone');
  const namespaceAccount = quotas.accountOf('namespace', first.namespace);
  const gpuSeconds = members.reduce((sum, task) => sum + predicted(task), 0);
  return {
    id: first.id,
    tenantId: first.tenantId ?? '',
    priority: Math.max(...members.map(({ priority }) => priority)),
    requestedAt: Math.min(...members.map(({ requestedAt }) => requestedAt)),
    pool: first.demands?.pool ?? '',
    shape: shapeOf([...new Set(seated.map(({ plan }) => plan.key))].join('&'), within, members, namespaceAccount),
    gpuSeconds,
    members: seated.map(({ task }) => task),
    plans: seated.map(({ plan }) => plan),
    within,
    charge: chargeOf(members),
    tenantAccount: quotas.accountOf('tenant', first.tenantId),
    namespaceAccount,
    notBefore: latestPause(members),
    unpredictedGpuSeconds: members.reduce((sum, task) => sum + gpuTimeOf(task), 0) - gpuSeconds,
  };
}

/** A namespace at its quota closes the shapes of its own. */
function shapeOf(
  classKeys: string,
  within: GangLevel | null,
  members: readonly PendingTask[],
  namespaceAccount: number,
): string {
  const gang = within === null ? '' : `*${members.length}/${within}/${members.map(({ needs }) => needs.gpus).join()}`;
  return namespaceAccount < 0 ? classKeys + gang : `${classKeys}${gang}@${namespaceAccount}`;
}

/** What the order goes by: with nothing known, all are alike and come in the order of their requests. */
function predicted(task: PendingTask): number {
  return task.predictedGpuMs === undefined ? UNKNOWN_SECONDS : task.predictedGpuMs / 1000;
}

function gpuTimeOf(task: PendingTask): number {
  return task.predictedGpuMs === undefined ? UNKNOWN_SECONDS * Math.max(1, task.needs.gpus) : predicted(task);
}

function latestPause(members: readonly PendingTask[]): number | null {
  const pauses = members.flatMap(({ notBefore }) => (notBefore === undefined ? [] : [notBefore]));
  return pauses.length === 0 ? null : Math.max(...pauses);
}

interface Seated {
  readonly task: PendingTask;
  readonly plan: ClassPlan;
}

function byKeyThenId(a: Seated, b: Seated): number {
  return compareIds(a.plan.key, b.plan.key) || compareIds(a.task.id, b.task.id);
}
