import type { Instant, TaskId } from '@millrace/kernel';
import type { Task } from '../domain/task.js';
import type { LiveChanges } from './live-state.js';
import type { LeaseStore } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import type { TaskStore } from './ports/task-store.port.js';
import type { Worker, WorkerStore } from './ports/worker-store.port.js';

export interface NotedChanges extends LiveChanges {
  readonly tasks: Map<TaskId, Task>;
  readonly stops: Map<TaskId, Instant>;
  readonly workers: Map<string, Worker>;
}

/** The same stores; what is written is noted, for the leader's memory to take over once it is committed. */
export function noteChanges(scope: SchedulingScope, changes: NotedChanges): SchedulingScope {
  return {
    ...scope,
    tasks: notedTasks(scope.tasks, changes),
    leases: notedLeases(scope.leases, changes),
    workers: notedWorkers(scope.workers, changes),
  };
}

function notedTasks(store: TaskStore, { tasks: noted }: NotedChanges): TaskStore {
  return {
    insert: async (tasks) => {
      const added = await store.insert(tasks);
      for (const task of tasks) if (added.has(task.id) && !noted.has(task.id)) noted.set(task.id, task);
      return added;
    },
    save: async (tasks) => {
      for (const task of tasks) noted.set(task.id, task);
      await store.save(tasks);
    },
    load: (ids) => store.load(ids),
    pending: (reading) => store.pending(reading),
    waiting: (after, limit) => store.waiting(after, limit),
    laneCounts: () => store.laneCounts(),
    overdue: (before, limit) => store.overdue(before, limit),
    leaveTombstones: (tombstones) => store.leaveTombstones(tombstones),
    tombstonesOf: (taskIds) => store.tombstonesOf(taskIds),
    removeEnded: (before, limit) => store.removeEnded(before, limit),
    removeTombstones: (before, limit) => store.removeTombstones(before, limit),
  };
}

function notedLeases(store: LeaseStore, { stops }: NotedChanges): LeaseStore {
  return {
    grant: (leases) => store.grant(leases),
    end: (taskIds) => store.end(taskIds),
    heldBy: (incarnations) => store.heldBy(incarnations),
    all: () => store.all(),
    running: (priorities) => store.running(priorities),
    noteStop: async (leases, at) => {
      const noted = await store.noteStop(leases, at);
      for (const id of noted) stops.set(id, at);
      return noted;
    },
  };
}

/** Whoever adds has looked that the incarnation is new. */
function notedWorkers(store: WorkerStore, { workers: noted }: NotedChanges): WorkerStore {
  const note = (workers: readonly Worker[]): void => {
    for (const worker of workers) noted.set(worker.incarnation, worker);
  };
  return {
    add: async (workers) => {
      await store.add(workers);
      note(workers);
    },
    save: async (workers) => {
      note(workers);
      await store.save(workers);
    },
    saveTraits: async (workers) => {
      note(workers);
      await store.saveTraits(workers);
    },
    load: (incarnations) => store.load(incarnations),
    current: (workerIds) => store.current(workerIds),
    alive: () => store.alive(),
    recent: (since, limit) => store.recent(since, limit),
    removeEnded: (before, limit) => store.removeEnded(before, limit),
  };
}
