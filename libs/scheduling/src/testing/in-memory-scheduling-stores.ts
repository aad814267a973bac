import type { Clock } from '@millrace/kernel';
import { byOrderOfService, compareIds } from '../policy/ordering/ordering.js';
import { isTerminal, type Lane, type Task } from '../domain/task.js';
import { toWaitingTask } from '../engine/live-state.js';
import { notLeader } from '../engine/not-leader.js';
import type { Leadership, LeaderStore } from '../engine/ports/leader-store.port.js';
import type { Lease, LeaseStore, RunningLease } from '../engine/ports/lease-store.port.js';
import type { SchedulingStores } from '../engine/ports/scheduling-scope.port.js';
import type { LaneCount, QueueReading, TaskStore, TenantCount, WaitingTask } from '../engine/ports/task-store.port.js';
import { hasEnded, type Worker, type WorkerStore, type WorkerWithLeases } from '../engine/ports/worker-store.port.js';
import { createHistoryStore } from './in-memory-history-store.js';
import { noRows, removeSome, type Tables } from './in-memory-tables.js';

/** The scheduler's database in memory. Rows are immutable, so a snapshot is a copy of the maps. */
export class InMemorySchedulingDatabase {
  tables: Tables = noRows();
  leader: (Leadership & { expiresMs: number }) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Forgets every row. */
  clear(): void {
    this.tables = noRows();
    this.leader = undefined;
  }

  /** Remembers the rows; the function returned puts them back. */
  snapshot(): () => void {
    const { tasks, tombstones, leases, workers, stops, runs, served } = this.tables;
    const copy = {
      tasks: new Map(tasks),
      tombstones: new Map(tombstones),
      leases: new Map(leases),
      workers: new Map(workers),
      stops: new Map(stops),
      runs: new Map(runs),
      served: new Map(served),
    };
    return () => {
      this.tables = copy;
    };
  }

  stores(): SchedulingStores {
    return {
      tasks: createTaskStore(() => this.tables, this.clock),
      leases: createLeaseStore(() => this.tables),
      workers: createWorkerStore(() => this.tables),
      history: createHistoryStore(() => this.tables),
      leader: {
        confirm: async ({ holder, term }) => {
          if (this.leader?.holder !== holder || this.leader.term !== term) throw notLeader();
        },
      },
    };
  }

  leaderStore(): LeaderStore {
    return {
      acquire: async (holder, ttlMs) => {
        const nowMs = this.clock.monotonicMs();
        if (this.leader !== undefined && this.leader.holder !== holder && this.leader.expiresMs >= nowMs)
          return undefined;
        this.leader = { holder, term: (this.leader?.term ?? 0) + 1, expiresMs: nowMs + ttlMs };
        return { holder, term: this.leader.term };
      },
      renew: async ({ holder, term }, ttlMs) => {
        if (this.leader?.holder !== holder || this.leader.term !== term) return false;
        this.leader.expiresMs = this.clock.monotonicMs() + ttlMs;
        return true;
      },
      release: async ({ holder, term }) => {
        if (this.leader?.holder === holder && this.leader.term === term) this.leader.expiresMs = -Infinity;
      },
    };
  }
}

function createTaskStore(tables: () => Tables, clock: Clock): TaskStore {
  return {
    insert: async (tasks) => {
      const added = tasks.filter((task) => !tables().tasks.has(task.id));
      for (const task of added) if (!tables().tasks.has(task.id)) tables().tasks.set(task.id, task);
      return new Set(added.map(({ id }) => id));
    },
    load: async (ids) => [...new Set(ids)].flatMap((id) => tables().tasks.get(id) ?? []),
    save: async (tasks) => {
      for (const task of tasks) if (tables().tasks.has(task.id)) tables().tasks.set(task.id, task);
    },
    pending: async (reading) => shown(ofState(tables(), 'queued'), reading).map(toWaitingTask),
    waiting: async (after, limit) =>
      ofState(tables(), 'queued')
        .map(toWaitingTask)
        .filter((task) => after === undefined || byLane(task, after) > 0)
        .toSorted(byLane)
        .slice(0, limit),
    laneCounts: async () => laneCounts(tables()),
    overdue: async (before, limit) =>
      ofState(tables(), 'queued')
        .filter((task) => task.epoch === 0 && task.requestedAt < before)
        .toSorted((a, b) => a.requestedAt - b.requestedAt)
        .slice(0, limit),
    leaveTombstones: async (tombstones) => {
      for (const tombstone of tombstones) {
        const name = `${tombstone.taskId}/${tombstone.tenantId}`;
        const leftAt = tables().tombstones.get(name)?.leftAt ?? clock.now();
        tables().tombstones.set(name, { ...tombstone, leftAt });
      }
    },
    tombstonesOf: async (taskIds) =>
      [...tables().tombstones.values()]
        .filter(({ taskId }) => taskIds.includes(taskId))
        .map(({ taskId, tenantId }) => ({ taskId, tenantId })),
    removeEnded: async (before, limit) =>
      removeSome(
        tables().tasks,
        (task) => task.endedAt !== null && task.endedAt < before && !tables().leases.has(task.id),
        limit,
      ),
    removeTombstones: async (before, limit) => removeSome(tables().tombstones, ({ leftAt }) => leftAt < before, limit),
  };
}

function shown(queued: readonly Task[], { perTenant, groupsMax, rowsMax }: QueueReading): readonly Task[] {
  const oldest = [...Map.groupBy(queued.toSorted(byOrderOfService), laneOf).values()].flatMap((lane) =>
    lane.slice(0, perTenant),
  );
  const groups = [...Map.groupBy(queued.toSorted(byLength), (task) => `${laneOf(task)}/${task.tenantId}`)]
    .toSorted(([a], [b]) => compareIds(a, b))
    .slice(0, groupsMax);
  const each = Math.max(1, Math.min(perTenant, Math.floor(rowsMax / Math.max(1, groups.length))));
  return [...new Set([...oldest, ...groups.flatMap(([, group]) => group.slice(0, each))])];
}

function byLane(a: WaitingTask, b: WaitingTask): number {
  return (
    compareIds(a.taskType, b.taskType) ||
    a.priority - b.priority ||
    a.requestedAt - b.requestedAt ||
    compareIds(a.id, b.id)
  );
}

function byLength(a: Task, b: Task): number {
  return a.prediction.p50GpuMs - b.prediction.p50GpuMs || a.requestedAt - b.requestedAt || compareIds(a.id, b.id);
}

function ofState(tables: Tables, state: Task['state']): readonly Task[] {
  return [...tables.tasks.values()].filter((task) => task.state === state);
}

function laneOf({ taskType, priority }: Lane): string {
  return `${taskType}/${priority}`;
}

function laneCounts(tables: Tables): readonly LaneCount[] {
  const live = [...tables.tasks.values()].filter((task) => !isTerminal(task));
  return [...Map.groupBy(live, laneOf).values()]
    .map((lane): LaneCount => {
      const waiting = lane.filter(({ state }) => state === 'queued').map(({ requestedAt }) => requestedAt);
      return {
        taskType: lane[0]?.taskType ?? '',
        priority: lane[0]?.priority ?? 0,
        waiting: waiting.length,
        running: lane.length - waiting.length,
        oldestRequestedAt: waiting.length === 0 ? null : Math.min(...waiting),
        tenants: tenantCounts(lane),
      };
    })
    .toSorted((a, b) => compareIds(a.taskType, b.taskType) || b.priority - a.priority);
}

function tenantCounts(lane: readonly Task[]): readonly TenantCount[] {
  return [...Map.groupBy(lane, ({ tenantId }) => tenantId)]
    .map(([tenantId, tasks]) => {
      const waiting = tasks.filter(({ state }) => state === 'queued');
      return {
        tenantId,
        waiting: waiting.length,
        running: tasks.length - waiting.length,
        waitingGpuMs: waiting.reduce((sum, { prediction }) => sum + prediction.p50GpuMs, 0),
      };
    })
    .toSorted((a, b) => compareIds(a.tenantId, b.tenantId));
}

function createLeaseStore(tables: () => Tables): LeaseStore {
  const sorted = (): Lease[] => [...tables().leases.values()].toSorted((a, b) => compareIds(a.taskId, b.taskId));
  return {
    grant: async (leases) => {
      const taken = leases.find(({ taskId }) => tables().leases.has(taskId));
      if (taken !== undefined) throw new Error(`task ${taken.taskId} already has a live lease`);
      for (const lease of leases) tables().leases.set(lease.taskId, lease);
    },
    end: async (taskIds) => {
      for (const taskId of taskIds) {
        tables().leases.delete(taskId);
        tables().stops.delete(taskId);
      }
    },
    heldBy: async (incarnations) => sorted().filter(({ incarnation }) => incarnations.includes(incarnation)),
    all: async () => sorted(),
    running: async (priorities) =>
      sorted()
        .flatMap((lease) => toRunningLease(lease, tables()) ?? [])
        .filter(({ priority }) => priorities?.includes(priority) ?? true),
    noteStop: async (leases, at) => {
      const live = leases.filter(({ taskId, epoch }) => tables().leases.get(taskId)?.epoch === epoch);
      for (const { taskId } of live) tables().stops.set(taskId, at);
      return live.map(({ taskId }) => taskId);
    },
  };
}

function toRunningLease({ taskId, epoch, incarnation }: Lease, tables: Tables): RunningLease | undefined {
  const task = tables.tasks.get(taskId);
  if (task === undefined) return undefined;
  const { tenantId, costCentre, taskType, priority, needs, attempts, prediction } = task;
  const last = attempts.at(-1);
  return {
    ...{ taskId, epoch, incarnation, tenantId, costCentre, taskType, priority, needs },
    leasedAt: last?.leasedAt ?? 0,
    startedAt: last?.startedAt ?? null,
    gpuMs: last?.gpuMs ?? 0,
    prediction,
    preemptions: attempts.filter(({ state }) => state === 'preempted').length,
    ...(last?.devices === undefined ? {} : { devices: last.devices }),
    stopAskedAt: tables.stops.get(taskId) ?? null,
  };
}

function createWorkerStore(tables: () => Tables): WorkerStore {
  const current = (): readonly Worker[] => [...tables().workers.values()].filter((worker) => !hasEnded(worker));
  const withLeases = (worker: Worker): WorkerWithLeases => ({
    ...worker,
    usedSlots: [...tables().leases.values()].filter(({ incarnation }) => incarnation === worker.incarnation).length,
  });
  return {
    add: async (workers) => {
      for (const worker of workers.filter(({ incarnation }) => !tables().workers.has(incarnation))) {
        const other = current().find(({ workerId }) => workerId === worker.workerId);
        if (other !== undefined && !hasEnded(worker)) throw new Error(`worker ${worker.workerId} is already here`);
        tables().workers.set(worker.incarnation, worker);
      }
    },
    load: async (incarnations) => [...new Set(incarnations)].flatMap((id) => tables().workers.get(id) ?? []),
    current: async (workerIds) => current().filter(({ workerId }) => workerIds.includes(workerId)),
    save: async (workers) => {
      for (const { incarnation, state, heartbeatAt, heartbeatMs } of workers) {
        const known = tables().workers.get(incarnation);
        if (known !== undefined) tables().workers.set(incarnation, { ...known, state, heartbeatAt, heartbeatMs });
      }
    },
    saveTraits: async (workers) => {
      for (const { incarnation, traits } of workers) {
        const known = tables().workers.get(incarnation);
        if (known !== undefined) tables().workers.set(incarnation, { ...known, traits });
      }
    },
    alive: async () =>
      current()
        .toSorted((a, b) => compareIds(a.workerId, b.workerId))
        .map(withLeases),
    removeEnded: async (before, limit) => {
      const held = new Set([...tables().leases.values()].map(({ incarnation }) => incarnation));
      const isOld = (worker: Worker): boolean =>
        hasEnded(worker) && worker.heartbeatAt < before && !held.has(worker.incarnation);
      return removeSome(tables().workers, isOld, limit);
    },
    recent: async (since, limit) =>
      [...tables().workers.values()]
        .filter((worker) => !hasEnded(worker) || worker.heartbeatAt > since)
        .toSorted((a, b) => b.registeredAt - a.registeredAt || compareIds(a.incarnation, b.incarnation))
        .slice(0, limit)
        .map(withLeases),
  };
}
