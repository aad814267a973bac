import type { Instant } from '@millrace/kernel';

const MS = 1000;

/** What waits and runs in one lane, as the scheduler last told. */
export interface LaneFacts {
  readonly taskType: string;
  readonly priority: number;
  readonly waiting: number;
  readonly running: number;
  /** Why its first waiting task waits. */
  readonly waitingReason?: WaitingReason | undefined;
  /** What single tenants wait for in it; a tenant is told of its own only. */
  readonly tenants?: readonly TenantFacts[] | undefined;
}

/** Seconds from the snapshot on: half of the tasks are so far by then, and nine of ten. */
export interface SecondsAhead {
  readonly p50: number;
  readonly p90: number;
}

/** Where one task stands among those of all tenants. */
export interface PlaceFacts {
  /** ISO-8601. */
  readonly requestedAt: string;
  readonly position: number;
  readonly aheadGpuSeconds: number;
  /** Undefined where nothing that runs will serve it. */
  readonly startS?: SecondsAhead | undefined;
  readonly finishS?: SecondsAhead | undefined;
}

export interface TenantFacts {
  readonly tenantId: string;
  readonly waiting: number;
  readonly waitingReason?: WaitingReason | undefined;
  readonly first?: PlaceFacts | undefined;
  readonly last?: PlaceFacts | undefined;
  /** Whether they are served in the order of their requests. */
  readonly inRequestOrder?: boolean | undefined;
  readonly basis?: 'history' | 'profile' | undefined;
}

/** A machine of a pool that was declared, whether one runs or not. */
export interface MachineFacts {
  readonly pool: string;
  readonly taskTypes: readonly string[];
  readonly gpus: number;
  /** Per GPU. */
  readonly vramMiB: number;
}

export interface PoolFacts {
  readonly pool: string;
  readonly workers: number;
  /** ISO-8601: when this was so. */
  readonly at: string;
  readonly freeSlots: number;
  readonly lanes: readonly LaneFacts[];
}

/** What the operator declared; no machine at all where nothing was. */
export interface DeclaredMachines {
  readonly machines: readonly MachineFacts[];
  /** Why no machine could run a type that pools name. */
  readonly unfit: ReadonlyMap<string, string>;
}

export const NOTHING_DECLARED: DeclaredMachines = { machines: [], unfit: new Map() };

export interface WaitingReason {
  /** The scheduler's word, e.g. `pool_busy` (api.md section 3). */
  readonly code: string;
  readonly text: string;
  /** How many workers each filter refuses. */
  readonly evidence?: Readonly<Record<string, number>> | undefined;
}

/** Seconds until a task now accepted would be done: its own time, and that of those before it on the workers there are. */
export function estimateS(pools: readonly PoolFacts[], priority: number, typicalS: number): number {
  const workers = pools.reduce((sum, pool) => sum + pool.workers, 0);
  const ahead = tasksAhead(pools, priority);
  return Math.max(1, Math.ceil(typicalS * (1 + ahead / Math.max(1, workers))));
}

/** What a place in the queue follows from. */
export interface Waiting {
  readonly tenantId: string;
  readonly taskType: string;
  readonly priority: number;
  readonly requestedAt: Instant;
}

/** Why a queued task waits: what the scheduler says of its tenant there, else of its lane. Undefined when nothing is known, or it need not wait. */
export function waitingReason(pools: readonly PoolFacts[], task: Waiting): WaitingReason | undefined {
  const own = ownLane(pools, task);
  const told = tenantOf(own?.lane, task)?.waitingReason ?? own?.lane.waitingReason;
  if (told !== undefined) return told;
  if (pools.length === 0 || pools.some(({ workers }) => workers > 0)) return undefined;
  return { code: 'no_fitting_worker', text: 'No worker is registered; the task starts when one comes.' };
}

/** Where a queued task stands, as far as it is known. Approximate; instants are of this server's clock. */
export interface QueuePlace {
  /** 1: it is next, over all tenants. The furthest back that it may stand, where the order is not known. */
  readonly position: number;
  readonly aheadGpuSeconds?: number;
  readonly start?: { readonly p50: Instant; readonly p90: Instant };
  readonly finish?: { readonly p50: Instant; readonly p90: Instant };
  readonly basis?: 'history' | 'profile';
}

/**
 * About where this task stands. Where its tenant's tasks are served in the order of their requests: between the first and
 * the last of them, as if they had come evenly. Where they are not: as far back as the last. Where nothing is told of its
 * tenant: behind those of higher priority and all of its own lane. Undefined while no snapshot shows its lane waiting.
 */
export function queuePlace(pools: readonly PoolFacts[], task: Waiting): QueuePlace | undefined {
  const own = ownLane(pools, task);
  if (own === undefined || own.lane.waiting === 0) return undefined;
  const told = placeOfTenant(tenantOf(own.lane, task), Date.parse(own.at), task.requestedAt);
  if (told !== undefined) return told;
  const higher = lanesOf(pools).filter((lane) => lane.taskType === task.taskType && lane.priority > task.priority);
  const before = higher.reduce((sum, { waiting }) => sum + waiting, 0);
  return { position: before + own.lane.waiting };
}

/** How far from the first to the last, 0 to 1, each figure is taken. */
interface Shares {
  readonly place: number;
  readonly p50: number;
  readonly p90: number;
}

/** Any of them may be this one: half of them are done by the middle of their instants, nearly all by the last. */
const ANYWHERE: Shares = { place: 1, p50: 0.5, p90: 1 };

function placeOfTenant(tenant: TenantFacts | undefined, at: Instant, requestedAt: Instant): QueuePlace | undefined {
  if (tenant?.first === undefined || tenant.last === undefined) return undefined;
  const { first, last, basis } = tenant;
  const shares = sharesOf(requestedAt, tenant.inRequestOrder, first, last);
  const start = instants(at, shares, first.startS, last.startS);
  const finish = instants(at, shares, first.finishS, last.finishS);
  return {
    position: Math.round(between(first.position, last.position, shares.place)),
    aheadGpuSeconds: between(first.aheadGpuSeconds, last.aheadGpuSeconds, shares.place),
    ...(start === undefined ? {} : { start }),
    ...(finish === undefined ? {} : { finish }),
    ...(basis === undefined ? {} : { basis }),
  };
}

function sharesOf(at: Instant, inOrder: boolean | undefined, first: PlaceFacts, last: PlaceFacts): Shares {
  const from = Date.parse(first.requestedAt);
  const to = Date.parse(last.requestedAt);
  if (inOrder !== true || to <= from) return ANYWHERE;
  const share = Math.min(1, Math.max(0, (at - from) / (to - from)));
  return { place: share, p50: share, p90: share };
}

function instants(at: Instant, shares: Shares, from?: SecondsAhead, to?: SecondsAhead): QueuePlace['start'] {
  if (from === undefined || to === undefined) return undefined;
  const p50 = between(from.p50, to.p50, shares.p50);
  return { p50: at + p50 * MS, p90: at + Math.max(p50, between(from.p90, to.p90, shares.p90)) * MS };
}

function between(from: number, to: number, share: number): number {
  return from + share * (to - from);
}

function ownLane(
  pools: readonly PoolFacts[],
  task: Waiting,
): { readonly at: string; readonly lane: LaneFacts } | undefined {
  const own = pools.flatMap(({ at, lanes }) =>
    lanes.filter((lane) => isOwnLane(lane, task)).map((lane) => ({ at, lane })),
  );
  return own.find(({ lane }) => lane.waiting > 0) ?? own[0];
}

function tenantOf(lane: LaneFacts | undefined, task: Waiting): TenantFacts | undefined {
  return lane?.tenants?.find(({ tenantId }) => tenantId === task.tenantId);
}

function isOwnLane(lane: LaneFacts, task: Waiting): boolean {
  return lane.taskType === task.taskType && lane.priority === task.priority;
}

function lanesOf(pools: readonly PoolFacts[]): readonly LaneFacts[] {
  return pools.flatMap((pool) => pool.lanes);
}

function tasksAhead(pools: readonly PoolFacts[], priority: number): number {
  return lanesOf(pools).reduce((sum, lane) => sum + lane.running + (lane.priority >= priority ? lane.waiting : 0), 0);
}
