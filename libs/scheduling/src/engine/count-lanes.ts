import type { Instant, TenantId } from '@millrace/kernel';
import type { Lane } from '../domain/task.js';
import { compareIds } from '../policy/ordering/ordering.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { LaneCount, TenantCount } from './ports/task-store.port.js';

/** What waits in one lane, by tenant. */
export interface WaitingCount extends Lane {
  readonly oldestRequestedAt: Instant;
  readonly tenants: readonly Pick<TenantCount, 'tenantId' | 'waiting' | 'waitingGpuMs'>[];
}

type Count = { -readonly [Field in keyof TenantCount]: TenantCount[Field] };

interface Counting extends Lane {
  oldestRequestedAt: Instant | null;
  readonly tenants: Map<TenantId, Count>;
}

/** As `TaskStore.laneCounts`, of what waits and runs in memory. */
export function countLanes(waiting: readonly WaitingCount[], running: Iterable<RunningLease>): readonly LaneCount[] {
  const lanes = new Map<string, Counting>();
  for (const lane of waiting) {
    const counting = countingOf(lanes, lane);
    counting.oldestRequestedAt = lane.oldestRequestedAt;
    for (const tenant of lane.tenants) counting.tenants.set(tenant.tenantId, { ...tenant, running: 0 });
  }
  for (const lease of running) {
    const { tenants } = countingOf(lanes, lease);
    const count = tenants.get(lease.tenantId);
    if (count !== undefined) count.running += 1;
    else tenants.set(lease.tenantId, { tenantId: lease.tenantId, waiting: 0, running: 1, waitingGpuMs: 0 });
  }
  return [...lanes.values()]
    .map(toLaneCount)
    .sort((a, b) => compareIds(a.taskType, b.taskType) || b.priority - a.priority);
}

function countingOf(lanes: Map<string, Counting>, { taskType, priority }: Lane): Counting {
  const key = `${priority}/${taskType}`;
  const known = lanes.get(key);
  if (known !== undefined) return known;
  const counting: Counting = { taskType, priority, oldestRequestedAt: null, tenants: new Map() };
  lanes.set(key, counting);
  return counting;
}

function toLaneCount({ taskType, priority, oldestRequestedAt, tenants: counts }: Counting): LaneCount {
  const tenants = [...counts.values()].sort((a, b) => compareIds(a.tenantId, b.tenantId));
  return {
    ...{ taskType, priority, oldestRequestedAt, tenants },
    waiting: tenants.reduce((sum, { waiting }) => sum + waiting, 0),
    running: tenants.reduce((sum, { running }) => sum + running, 0),
  };
}
