import type { TaskId, TenantId } from '@millrace/kernel';
import { compareIds } from '../policy/ordering/ordering.js';
import type { WaitingCount } from './count-lanes.js';
import { OrderedTasks, type QueuedEntry } from './ordered-tasks.js';
import type { QueueReading, WaitingTask } from './ports/task-store.port.js';

interface Group {
  readonly taskType: string;
  readonly priority: number;
  readonly tenantId: string;
  readonly shortest: OrderedTasks;
  /** Predicted of all of them. */
  gpuMs: number;
}

interface WaitingLane {
  readonly oldest: OrderedTasks;
  readonly groups: Map<string, Group>;
}

/** What waits, in the two orders of `TaskStore.pending`: of each lane the oldest, of each tenant in it the shortest. */
export class WaitingTasks {
  private readonly entries = new Map<TaskId, QueuedEntry>();
  private readonly lanes = new Map<string, WaitingLane>();

  get size(): number {
    return this.entries.size;
  }

  put(task: WaitingTask): void {
    this.remove(task.id);
    const entry: QueuedEntry = { task, gone: false };
    this.entries.set(task.id, entry);
    const lane = this.laneOf(task);
    lane.oldest.add(entry);
    const group = this.groupOf(lane, task);
    group.shortest.add(entry);
    group.gpuMs += task.prediction.p50GpuMs;
  }

  remove(id: TaskId): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    const { task } = entry;
    const lane = this.laneOf(task);
    const group = this.groupOf(lane, task);
    entry.gone = true;
    this.entries.delete(id);
    lane.oldest.noteGone();
    group.shortest.noteGone();
    group.gpuMs -= task.prediction.p50GpuMs;
    if (group.shortest.size === 0) lane.groups.delete(group.tenantId);
    if (lane.oldest.size === 0) this.lanes.delete(laneKey(task));
  }

  clear(): void {
    this.entries.clear();
    this.lanes.clear();
  }

  /** As `TaskStore.pending`, each task once. */
  shown({ perTenant, groupsMax, rowsMax }: QueueReading): readonly WaitingTask[] {
    const shown = new Set<WaitingTask>();
    for (const { oldest } of this.lanes.values()) for (const task of oldest.first(perTenant)) shown.add(task);
    const groups = this.firstGroups(groupsMax);
    const each = Math.max(1, Math.min(perTenant, Math.floor(rowsMax / Math.max(1, groups.length))));
    for (const { shortest } of groups) for (const task of shortest.first(each)) shown.add(task);
    return [...shown];
  }

  /** How many wait in each lane, and whose. */
  counts(): readonly WaitingCount[] {
    return [...this.lanes.values()].flatMap(({ oldest, groups }) =>
      oldest.first(1).map(({ taskType, priority, requestedAt }) => ({
        ...{ taskType, priority, oldestRequestedAt: requestedAt },
        tenants: Array.from(groups.values(), ({ tenantId, shortest, gpuMs }) => ({
          ...{ tenantId: tenantId as TenantId, waiting: shortest.size, waitingGpuMs: gpuMs },
        })),
      })),
    );
  }

  private firstGroups(groupsMax: number): readonly Group[] {
    const groups = [...this.lanes.values()].flatMap((lane) => [...lane.groups.values()]);
    return groups.length <= groupsMax ? groups : groups.sort(byLaneAndTenant).slice(0, groupsMax);
  }

  private laneOf(task: WaitingTask): WaitingLane {
    const key = laneKey(task);
    const known = this.lanes.get(key);
    if (known !== undefined) return known;
    const lane = { oldest: new OrderedTasks(byRequest), groups: new Map<string, Group>() };
    this.lanes.set(key, lane);
    return lane;
  }

  private groupOf(lane: WaitingLane, { taskType, priority, tenantId = '' }: WaitingTask): Group {
    const known = lane.groups.get(tenantId);
    if (known !== undefined) return known;
    const group = { taskType, priority, tenantId, shortest: new OrderedTasks(byLength), gpuMs: 0 };
    lane.groups.set(tenantId, group);
    return group;
  }
}

function laneKey({ taskType, priority }: WaitingTask): string {
  return `${priority}/${taskType}`;
}

function byRequest(a: WaitingTask, b: WaitingTask): number {
  return a.requestedAt - b.requestedAt || compareIds(a.id, b.id);
}

function byLength(a: WaitingTask, b: WaitingTask): number {
  return a.prediction.p50GpuMs - b.prediction.p50GpuMs || byRequest(a, b);
}

function byLaneAndTenant(a: Group, b: Group): number {
  return compareIds(a.taskType, b.taskType) || a.priority - b.priority || compareIds(a.tenantId, b.tenantId);
}
