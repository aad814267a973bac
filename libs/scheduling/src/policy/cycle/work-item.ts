import type { QueuedTask } from '../ordering/ordering-policy.js';
import type { ClassPlan } from '../placement/class-plans.js';
import type { PlacementBoard } from '../placement/placement-board.js';
import { sumOf, type QuotaBook, type QuotaCharge } from '../quotas/quota-book.js';
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

/** A task by itself. */
export function toWorkItem(task: PendingTask, board: PlacementBoard, quotas: QuotaBook): WorkItem {
  const plan = board.plans.of(task);
  const namespaceAccount = quotas.accountOf('namespace', task.namespace);
  const gpuSeconds = predicted(task);
  return {
    id: task.id,
    tenantId: task.tenantId ?? '',
    priority: task.priority,
    requestedAt: task.requestedAt,
    pool: task.demands?.pool ?? '',
    shape: ofNamespace(plan.key, namespaceAccount),
    gpuSeconds,
    members: [task],
    plans: plan.alone,
    within: null,
    charge: plan.charge,
    tenantAccount: quotas.accountOf('tenant', task.tenantId),
    namespaceAccount,
    notBefore: task.notBefore ?? null,
    unpredictedGpuSeconds: gpuTimeOf(task) - gpuSeconds,
  };
}

/** All members of a complete gang as one: they wait, count and start together. */
export function toGangItem(members: readonly PendingTask[], board: PlacementBoard, quotas: QuotaBook): WorkItem {
  const seated = members
    .map((task) => ({ task, plan: board.plans.of(task) }))
    .toSorted((a, b) => b.task.needs.gpus - a.task.needs.gpus || byKeyThenId(a, b));
  const first = members.reduce((least, next) => (compareIds(next.id, least.id) < 0 ? next : least));
  const within = first.gang?.within ?? 'zone';
  const one = toWorkItem(first, board, quotas);
  const keys = [...new Set(seated.map(({ plan }) => plan.key))].join('&');
  const counts = seated.map(({ task }) => task.needs.gpus).join();
  const isKnown = members.some(({ predictedGpuMs }) => predictedGpuMs !== undefined);
  const gpuSeconds = isKnown ? members.reduce((sum, task) => sum + predicted(task), 0) : UNKNOWN_SECONDS;
  return {
    ...one,
    priority: Math.max(...members.map(({ priority }) => priority)),
    requestedAt: Math.min(...members.map(({ requestedAt }) => requestedAt)),
    shape: ofNamespace(`${keys}*${within}/${counts}`, one.namespaceAccount),
    gpuSeconds,
    members: seated.map(({ task }) => task),
    plans: seated.map(({ plan }) => plan),
    within,
    charge: sumOf(seated.map(({ plan }) => plan.charge)),
    notBefore: latestPause(members),
    unpredictedGpuSeconds: members.reduce((sum, task) => sum + gpuTimeOf(task), 0) - gpuSeconds,
  };
}

/** A namespace at its quota closes the shapes of its own. */
function ofNamespace(shape: string, namespaceAccount: number): string {
  return namespaceAccount < 0 ? shape : `${shape}@${namespaceAccount}`;
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
