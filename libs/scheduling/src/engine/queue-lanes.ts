import type { EventData, queueSnapshot } from '@millrace/contracts';
import { toIso } from '@millrace/kernel';
import type { Wait } from '../policy/decision.js';
import { WAITING_REASONS, type WaitingCode } from '../policy/waiting-reasons.js';
import type { TaskForecast } from './forecast-queue.js';
import type { LaneCount } from './ports/task-store.port.js';

export type Lane = EventData<typeof queueSnapshot>['lanes'][number];
type TenantQueue = NonNullable<Lane['tenants']>[number];
type Place = NonNullable<TenantQueue['first']>;

/** Tenants told of in all lanes together: with more, those that are served first. A snapshot each second stays below 100 kB. */
const TENANTS_MAX = 250;
const TENTHS = 10;

/** One tenant's own affair: never told as a lane's reason, which other tenants see. */
const OWN_AFFAIRS: ReadonlySet<WaitingCode> = new Set([
  'tenant_quota',
  'tenant_concurrency',
  'rate_limited',
  'dependency',
  'gang_incomplete',
]);

/** What each lane holds, why it waits, and where its tenants stand. `waits` and `forecasts` in order of service. */
export function laneFacts(
  lanes: readonly LaneCount[],
  waits: readonly Wait[],
  forecasts: readonly TaskForecast[],
): readonly Lane[] {
  const waitsByLane = Map.groupBy(waits, ({ task }) => laneKey(task));
  const forecastsByLane = Map.groupBy(forecasts, ({ wait }) => laneKey(wait.task));
  const told = firstTenants(waits);
  return lanes.map((lane): Lane => {
    const { taskType, priority, waiting, running, oldestRequestedAt } = lane;
    const own = waitsByLane.get(laneKey(lane)) ?? [];
    const reason = waiting === 0 ? undefined : laneReason(own);
    const tenants = tenantQueues(lane, own, forecastsByLane.get(laneKey(lane)) ?? [], told);
    return {
      ...{ taskType, priority, waiting, running },
      oldestRequestedAt: oldestRequestedAt === null ? null : toIso(oldestRequestedAt),
      ...(reason === undefined ? {} : { waitingReason: reason }),
      ...(tenants.length === 0 ? {} : { tenants }),
    };
  });
}

function laneKey({ taskType, priority }: { readonly taskType: string; readonly priority: number }): string {
  return `${priority}/${taskType}`;
}

/** Lane and tenant of those that are told of. */
function firstTenants(waits: readonly Wait[]): ReadonlySet<string> {
  const told = new Set<string>();
  for (const { task } of waits) {
    told.add(`${laneKey(task)}/${task.tenantId ?? ''}`);
    if (told.size >= TENANTS_MAX) break;
  }
  return told;
}

/** A pause is one task's own: another reason says more, where there is one. */
function laneReason(waits: readonly Wait[]): Lane['waitingReason'] {
  const common = waits.filter(({ reason }) => !OWN_AFFAIRS.has(reason));
  const first = common.find(({ reason }) => reason !== 'retry_backoff') ?? common[0];
  return first === undefined ? undefined : toReason(first);
}

function toReason({ reason, evidence }: Wait): NonNullable<Lane['waitingReason']> {
  return {
    code: reason,
    text: WAITING_REASONS[reason],
    ...(evidence === undefined ? {} : { evidence: { ...evidence } }),
  };
}

function tenantQueues(
  lane: LaneCount,
  waits: readonly Wait[],
  forecasts: readonly TaskForecast[],
  told: ReadonlySet<string>,
): TenantQueue[] {
  const waitsOf = Map.groupBy(waits, ({ task }) => task.tenantId ?? '');
  const forecastsOf = Map.groupBy(forecasts, ({ wait }) => wait.task.tenantId ?? '');
  return lane.tenants
    .filter(({ tenantId, waiting }) => waiting > 0 && told.has(`${laneKey(lane)}/${tenantId}`))
    .map(({ tenantId, waiting, waitingGpuMs }): TenantQueue => {
      const own = waitsOf.get(tenantId) ?? [];
      const first = own.find(({ reason }) => reason !== 'retry_backoff') ?? own[0];
      return {
        tenantId,
        waiting,
        ...(first === undefined ? {} : { waitingReason: toReason(first) }),
        ...placesOf(forecastsOf.get(tenantId) ?? [], waiting, waitingGpuMs),
      };
    });
}

/** The tenant's first and last. With more waiting than the cycle looked at, the last is as far behind as they are long. */
function placesOf(forecasts: readonly TaskForecast[], waiting: number, waitingGpuMs: number): Partial<TenantQueue> {
  const inOrder = forecasts.toSorted((a, b) => a.position - b.position);
  const first = inOrder[0];
  const last = inOrder.at(-1);
  if (first === undefined || last === undefined) return {};
  const seenMs = inOrder.reduce((sum, { wait }) => sum + (wait.task.predictedGpuMs ?? 0), 0);
  const unseen = Math.max(0, waiting - inOrder.length);
  const stretch = unseen === 0 || seenMs === 0 ? 1 : Math.max(1, waitingGpuMs / seenMs);
  // The longest are unseen: as long as those that are seen on average, none is longer than any.
  const sameLength = unseen === 0 || waitingGpuMs * inOrder.length === seenMs * waiting;
  return {
    ...{ first: toPlace(first, 0, 1), last: toPlace(last, unseen, stretch) },
    ...{ inRequestOrder: sameLength && isByRequest(inOrder), basis: first.basis },
  };
}

function isByRequest(forecasts: readonly TaskForecast[]): boolean {
  return forecasts.every(({ wait }, n) => wait.task.requestedAt >= (forecasts[n - 1]?.wait.task.requestedAt ?? 0));
}

function toPlace(
  { wait, position, aheadGpuSeconds, startS, finishS }: TaskForecast,
  unseen: number,
  stretch: number,
): Place {
  const seconds = (range: { readonly p50: number; readonly p90: number }) => ({
    p50: tenths(range.p50 * stretch),
    p90: tenths(range.p90 * stretch),
  });
  return {
    requestedAt: toIso(wait.task.requestedAt),
    position: position + unseen,
    aheadGpuSeconds: tenths(aheadGpuSeconds * stretch),
    ...(startS === undefined ? {} : { startS: seconds(startS) }),
    ...(finishS === undefined ? {} : { finishS: seconds(finishS) }),
  };
}

function tenths(value: number): number {
  return Math.round(value * TENTHS) / TENTHS;
}
