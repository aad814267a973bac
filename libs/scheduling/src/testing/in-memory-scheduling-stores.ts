import type { Clock, Instant, TaskId } from '@millrace/kernel';
import { byOrderOfService, compareIds } from '../policy/ordering/ordering.js';
import { retryNotBefore } from '../domain/retry-backoff.js';
import { isTerminal, type Task } from '../domain/task.js';
import { notLeader } from '../engine/not-leader.js';
import type { Leadership, LeaderStore } from '../engine/ports/leader-store.port.js';
import type { Lease, LeaseStore } from '../engine/ports/lease-store.port.js';
import type { SchedulingStores } from '../engine/ports/scheduling-scope.port.js';
import type { LaneCount, TaskStore, Tombstone } from '../engine/ports/task-store.port.js';
import { hasEnded, type Worker, type WorkerStore, type WorkerWithLeases } from '../engine/ports/worker-store.port.js';

interface Tables {
  readonly tasks: Map<TaskId, Task>;
  readonly tombstones: Map<string, Tombstone & { readonly leftAt: Instant }>;
  readonly leases: Map<TaskId, Lease>;
  readonly workers: Map<string, Worker>;
}

/** The scheduler's database in memory. Rows are immutable, so a snapshot is a copy of four maps. */
export class InMemorySchedulingDatabase {
  tables: Tables = { tasks: new Map(), tombstones: new Map(), leases: new Map(), workers: new Map() };
  leader: (Leadership & { expiresMs: number }) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Remembers the rows; the function returned puts them back. */
  snapshot(): () => void {
    const { tasks, tombstones, leases, workers } = this.tables;
    const copy = {
      tasks: new Map(tasks),
      tombstones: new Map(tombstones),
      leases: new Map(leases),
      workers: new Map(workers),
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
    pending: async (perLane) =>
      [...Map.groupBy(ofState(tables(), 'queued').toSorted(byOrderOfService), laneOf).values()].flatMap((lane) =>
        lane.slice(0, perLane).map((task) => {
          const { id, taskType, priority, needs, requestedAt } = task;
          const notBefore = retryNotBefore(task);
          return { id, taskType, priority, needs, requestedAt, ...(notBefore === null ? {} : { notBefore }) };
        }),
      ),
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
      removeSome(tables().tasks, (task) => task.endedAt !== null && task.endedAt < before, limit),
    removeTombstones: async (before, limit) => removeSome(tables().tombstones, ({ leftAt }) => leftAt < before, limit),
  };
}

function removeSome<Key, Row>(rows: Map<Key, Row>, isOld: (row: Row) => boolean, limit: number): number {
  const old = [...rows].filter(([, row]) => isOld(row)).slice(0, limit);
  for (const [key] of old) rows.delete(key);
  return old.length;
}

function ofState(tables: Tables, state: Task['state']): readonly Task[] {
  return [...tables.tasks.values()].filter((task) => task.state === state);
}

function laneOf({ taskType, priority }: Task): string {
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
      };
    })
    .toSorted((a, b) => compareIds(a.taskType, b.taskType) || b.priority - a.priority);
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
      for (const taskId of taskIds) tables().leases.delete(taskId);
    },
    heldBy: async (incarnations) => sorted().filter(({ incarnation }) => incarnations.includes(incarnation)),
    all: async () => sorted(),
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
