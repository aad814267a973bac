import { createInMemoryUnitOfWork, type InMemoryUnitOfWork } from '@millrace/messaging/testing';
import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import { newTaskView, type TaskView } from '../domain/task-view.js';
import type { ApiKeyRecord, ApiKeyStore, NewTenant } from '../engine/ports/api-key-store.port.js';
import type {
  IdempotencyRecord,
  IdempotencyStore,
  IntakeStores,
  TaskEvent,
  TaskWrites,
  TenantStores,
} from '../engine/ports/intake-stores.port.js';
import type { PagePosition, TaskFilter, TaskReader } from '../engine/ports/task-reader.port.js';

/** All of the gateway's stores over maps, with transactions that roll back. */
export interface InMemoryIntake {
  readonly system: InMemoryUnitOfWork<IntakeStores>;
  readonly request: InMemoryUnitOfWork<TenantStores>;
  readonly reader: TaskReader;
  readonly keys: ApiKeyStore;
  /** The stores without transactions, for a unit of work of a test's own. */
  readonly stores: IntakeStores & TenantStores;
  /** Remembers the rows; the function returned puts them back. */
  readonly snapshot: () => () => void;
  /** Rows as they are, of all tenants. */
  readonly tasks: ReadonlyMap<TaskId, TaskView>;
  readonly idempotency: ReadonlyMap<string, IdempotencyRecord>;
}

export function createInMemoryIntake(): InMemoryIntake {
  const rows = new Rows();
  const snapshot = (): (() => void) => rows.snapshot();
  const stores = { tasks: taskWrites(rows), idempotency: idempotencyStore(rows), tenant: tenantTasks(rows) };
  const { tasks, idempotency, tenant } = stores;
  return {
    system: createInMemoryUnitOfWork<IntakeStores>({ tasks, idempotency }, { snapshot }),
    request: createInMemoryUnitOfWork<TenantStores>({ tenant }, { snapshot }),
    stores,
    snapshot,
    reader: taskReader(rows),
    keys: apiKeyStore(),
    tasks: rows.tasks,
    idempotency: rows.idempotency,
  };
}

class Rows {
  readonly tasks = new Map<TaskId, TaskView>();
  readonly events: TaskEvent[] = [];
  readonly idempotency = new Map<string, IdempotencyRecord>();

  snapshot(): () => void {
    const [tasks, events, idempotency] = [[...this.tasks], [...this.events], [...this.idempotency]];
    return () => {
      refill(this.tasks, tasks);
      refill(this.idempotency, idempotency);
      this.events.splice(0, Infinity, ...events);
    };
  }
}

function refill<Key, Value>(map: Map<Key, Value>, entries: readonly (readonly [Key, Value])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

function present(rows: Rows, ids: readonly TaskId[]): readonly TaskView[] {
  return [...ids].sort().flatMap((id) => rows.tasks.get(id) ?? []);
}

function taskWrites(rows: Rows): TaskWrites {
  return {
    insert: async (tasks) => {
      for (const task of tasks) {
        if (rows.tasks.has(task.id)) throw new Error(`task ${task.id} is there already`);
        rows.tasks.set(task.id, newTaskView(task));
      }
    },
    lock: async (ids) => present(rows, ids),
    saveProgress: async (views) => {
      for (const view of views) {
        const before = rows.tasks.get(view.request.id);
        if (before !== undefined) rows.tasks.set(view.request.id, { ...view, request: before.request });
      }
    },
    addEvents: async (events) => {
      const isThere = (event: TaskEvent): boolean =>
        rows.events.some((other) => other.taskId === event.taskId && other.sequence === event.sequence);
      rows.events.push(...events.filter((event) => !isThere(event)));
    },
  };
}

function idempotencyStore(rows: Rows): IdempotencyStore {
  const keyOf = (record: IdempotencyRecord): string => JSON.stringify([record.tenantId, record.route, record.key]);
  return {
    claim: async (records) => {
      const earlier = records.flatMap((record) => rows.idempotency.get(keyOf(record)) ?? []);
      for (const record of records) {
        if (!rows.idempotency.has(keyOf(record))) rows.idempotency.set(keyOf(record), record);
      }
      return earlier;
    },
    deleteBefore: async (before, limit) => {
      const old = [...rows.idempotency].filter(([, record]) => record.createdAt < before).slice(0, limit);
      for (const [key] of old) rows.idempotency.delete(key);
      return old.length;
    },
  };
}

function tenantTasks(rows: Rows): TenantStores['tenant'] {
  const change = (tenantId: TenantId, ids: readonly TaskId[], next: (view: TaskView) => TaskView): void => {
    for (const view of present(rows, ids)) {
      if (view.request.tenantId === tenantId) rows.tasks.set(view.request.id, next(view));
    }
  };
  return {
    enter: async () => {},
    lock: async (tenantId, ids) => present(rows, ids).filter((view) => view.request.tenantId === tenantId),
    markCancelRequested: async (tenantId, ids, at) =>
      change(tenantId, ids, (view) => ({ ...view, cancelRequestedAt: at })),
    erase: async (tenantId, id, at) =>
      change(tenantId, [id], (view) => ({
        ...view,
        erasedAt: view.erasedAt ?? at,
        request: { ...view.request, input: null, callbackUrl: null, metadata: {} },
      })),
  };
}

function taskReader(rows: Rows): TaskReader {
  const own = (tenantId: TenantId): readonly TaskView[] =>
    [...rows.tasks.values()].filter((view) => view.request.tenantId === tenantId);
  return {
    find: async (tenantId, id) => own(tenantId).find((view) => view.request.id === id),
    list: async (tenantId, filter, { limit, after }) =>
      own(tenantId)
        .filter((view) => matches(view, filter))
        .sort((a, b) => compare(positionOf(b), positionOf(a)))
        .filter((view) => after === undefined || compare(positionOf(view), after) < 0)
        .slice(0, limit),
    events: async (tenantId, id, afterSequence) =>
      rows.events
        .filter((event) => event.tenantId === tenantId && event.taskId === id && event.sequence > afterSequence)
        .sort((a, b) => a.sequence - b.sequence),
  };
}

function matches(view: TaskView, filter: TaskFilter): boolean {
  return (
    (filter.state ?? view.state) === view.state &&
    (filter.reason ?? view.reason) === view.reason &&
    (filter.taskType ?? view.request.taskType) === view.request.taskType
  );
}

function positionOf({ request }: TaskView): PagePosition {
  return { createdAt: request.requestedAt, id: request.id };
}

function compare(a: PagePosition, b: PagePosition): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}

function apiKeyStore(): ApiKeyStore {
  const keys = new Map<string, ApiKeyRecord>();
  const tenants = new Map<TenantId, NewTenant>();
  const isLive = (key: ApiKeyRecord, now: Instant): boolean =>
    key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);
  return {
    find: async (id) => keys.get(id),
    ensureTenant: async (tenant) => {
      if (tenants.has(tenant.id)) return false;
      tenants.set(tenant.id, tenant);
      return true;
    },
    add: async (key) => void (keys.has(key.id) || keys.set(key.id, key)),
    hasLiveKey: async (tenantId, now) =>
      [...keys.values()].some((key) => key.tenantId === tenantId && isLive(key, now)),
  };
}
