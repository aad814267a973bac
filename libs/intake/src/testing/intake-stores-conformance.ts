import { beforeEach, describe, expect, it } from '@jest/globals';
import type { TaskId, TenantId } from '@millrace/kernel';
import type { TransactionScope, UnitOfWork } from '@millrace/messaging/ports';
import { applyChange, applyCharge, newTaskView, type TaskView } from '../domain/task-view.js';
import type { IdempotencyRecord, IntakeStores, TenantStores } from '../engine/ports/intake-stores.port.js';
import type { ApiKeyStore } from '../engine/ports/api-key-store.port.js';
import type { TaskReader } from '../engine/ports/task-reader.port.js';
import { ACME, UMBRELLA, aTaskEnd, aTaskId, aTaskRequest, anAttempt } from './builders.js';

export interface IntakeUnderTest {
  readonly system: UnitOfWork<IntakeStores & TransactionScope>;
  readonly request: UnitOfWork<TenantStores & TransactionScope>;
  readonly reader: TaskReader;
  readonly keys: ApiKeyStore;
}

const CHARGE = {
  chargedAt: '2026-01-01T00:00:20.000Z',
  cost: '3100000',
  gpuMs: 12_400,
  billedGpuMs: 12_400,
  pricePerGpuHour: '900000000',
  byAttempt: [{ attempt: 1, outcome: 'succeeded', gpuMs: 12_400, cost: '3100000' }],
};

/** What every implementation of the gateway's stores must do. `make` gives empty ones. */
export function intakeStoresConformance(name: string, make: () => Promise<IntakeUnderTest>): void {
  describe(`${name}: intake stores`, () => {
    let stores: IntakeUnderTest;
    beforeEach(async () => {
      stores = await make();
    });
    taskBehaviour(() => stores);
    pageBehaviour(() => stores);
    idempotencyBehaviour(() => stores);
    tenantBehaviour(() => stores);
    keyBehaviour(() => stores);
  });
}

function insert(stores: IntakeUnderTest, ...requests: ReturnType<typeof aTaskRequest>[]): Promise<void> {
  return stores.system.run((scope) => scope.tasks.insert(requests));
}

function finished(view: TaskView): TaskView {
  const artifact = {
    id: 'a',
    kind: 'video' as const,
    key: 't/acme/x/1-1/video.mp4',
    mediaType: 'video/mp4',
    bytes: 9,
    sha256: 'f',
  };
  const change = {
    kind: 'completed' as const,
    sequence: 1,
    at: view.updatedAt + 5,
    attempts: [anAttempt({ outcome: 'succeeded' })],
    end: aTaskEnd({ artifacts: [artifact] }),
  };
  const applied = applyChange(view, change);
  return applied.kind === 'applied' ? applyCharge(applied.next, CHARGE) : view;
}

function taskBehaviour(stores: () => IntakeUnderTest): void {
  it('gives back a task as it was inserted, and as it was saved', async () => {
    const request = aTaskRequest(1, {
      metadata: { 'customer.name': 'Zoë "quoted" \\ {}' },
      callbackUrl: 'https://example.com/hook',
    });
    await insert(stores(), request);
    expect(await stores().reader.find(ACME, request.id)).toEqual(newTaskView(request));
    const next = finished(newTaskView(request));
    await stores().system.run((scope) => scope.tasks.saveProgress([next]));
    expect(await stores().reader.find(ACME, request.id)).toEqual(next);
    expect(await stores().system.run((scope) => scope.tasks.lock([aTaskId(9), request.id]))).toEqual([next]);
  });

  it('inserts nothing when the transaction fails (API-18)', async () => {
    const failing = stores().system.run(async (scope) => {
      await scope.tasks.insert([aTaskRequest(1)]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await stores().reader.find(ACME, aTaskId(1))).toBeUndefined();
  });

  it('keeps an event of a (task, sequence) once, and gives events after a sequence in order', async () => {
    await insert(stores(), aTaskRequest(1));
    const event = (sequence: number, name: string) => ({
      taskId: aTaskId(1),
      tenantId: ACME,
      sequence,
      name,
      at: 1_767_225_600_000,
      data: { status: name },
    });
    await stores().system.run((scope) => scope.tasks.addEvents([event(2, 'scheduled'), event(1, 'queued')]));
    await stores().system.run((scope) => scope.tasks.addEvents([event(2, 'other'), event(3, 'attempt')]));
    expect(await stores().reader.events(ACME, aTaskId(1), 0)).toEqual([
      event(1, 'queued'),
      event(2, 'scheduled'),
      event(3, 'attempt'),
    ]);
    expect((await stores().reader.events(ACME, aTaskId(1), 2)).map(({ sequence }) => sequence)).toEqual([3]);
    expect(await stores().reader.events(UMBRELLA, aTaskId(1), 0)).toEqual([]);
  });
}

function pageBehaviour(stores: () => IntakeUnderTest): void {
  const idsOf = (views: readonly TaskView[]): readonly TaskId[] => views.map(({ request }) => request.id);

  it('API-08: lists newest first, page by page, also where the times are the same', async () => {
    const at = Date.UTC(2026, 0, 2);
    await insert(stores(), ...[1, 2, 3, 4, 5].map((n) => aTaskRequest(n, { requestedAt: n < 4 ? at : at + n })));
    const first = await stores().reader.list(ACME, {}, { limit: 3 });
    expect(idsOf(first)).toEqual([5, 4, 3].map(aTaskId));
    const after = { createdAt: at, id: aTaskId(3) };
    expect(idsOf(await stores().reader.list(ACME, {}, { limit: 3, after }))).toEqual([2, 1].map(aTaskId));
  });

  it('API-08: filters by state and by type', async () => {
    await insert(stores(), aTaskRequest(1), aTaskRequest(2, { taskType: 'noop' }));
    await stores().system.run((scope) => scope.tasks.saveProgress([finished(newTaskView(aTaskRequest(1)))]));
    expect(idsOf(await stores().reader.list(ACME, { state: 'completed' }, { limit: 9 }))).toEqual([aTaskId(1)]);
    expect(idsOf(await stores().reader.list(ACME, { taskType: 'noop' }, { limit: 9 }))).toEqual([aTaskId(2)]);
    expect(await stores().reader.list(ACME, { state: 'failed' }, { limit: 9 })).toEqual([]);
  });

  it("P18: shows no other tenant's task", async () => {
    await insert(stores(), aTaskRequest(1), aTaskRequest(2, { tenantId: UMBRELLA }));
    expect(await stores().reader.find(UMBRELLA, aTaskId(1))).toBeUndefined();
    expect(idsOf(await stores().reader.list(UMBRELLA, {}, { limit: 9 }))).toEqual([aTaskId(2)]);
  });
}

function aRecord(n: number, overrides: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return {
    tenantId: ACME,
    key: 'key-1',
    route: 'POST /x',
    bodyHash: 'a',
    taskId: aTaskId(n),
    estimatedS: 5,
    traceparent: null,
    createdAt: Date.UTC(2026, 0, 1),
    ...overrides,
  };
}

function idempotencyBehaviour(stores: () => IntakeUnderTest): void {
  const claim = (...records: IdempotencyRecord[]) => stores().system.run((scope) => scope.idempotency.claim(records));

  it('API-17: the first claim of (tenant, key, route) has it, later ones learn who it was', async () => {
    expect(await claim(aRecord(1))).toEqual([]);
    expect(await claim(aRecord(2, { bodyHash: 'b' }), aRecord(3, { key: 'key-2' }))).toEqual([aRecord(1)]);
    expect(await claim(aRecord(4, { tenantId: UMBRELLA as TenantId }), aRecord(5, { route: 'POST /y' }))).toEqual([]);
  });

  it('API-17: of many at once exactly one has it', async () => {
    const outcomes = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => claim(aRecord(n))));
    expect(outcomes.filter((earlier) => earlier.length === 0)).toHaveLength(1);
    expect(new Set(outcomes.flat().map((record) => record.taskId)).size).toBe(1);
  });

  it('a claim that rolled back was none', async () => {
    const failing = stores().system.run(async (scope) => {
      await scope.idempotency.claim([aRecord(1)]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await claim(aRecord(2))).toEqual([]);
  });

  it('forgets records before an instant, at most so many at a time', async () => {
    const old = Date.UTC(2025, 0, 1);
    await claim(
      aRecord(1, { key: 'a', createdAt: old }),
      aRecord(2, { key: 'b', createdAt: old }),
      aRecord(3, { key: 'c' }),
    );
    const forget = () => stores().system.run((scope) => scope.idempotency.deleteBefore(Date.UTC(2025, 6, 1), 1));
    expect([await forget(), await forget(), await forget()]).toEqual([1, 1, 0]);
    expect(await claim(aRecord(4, { key: 'c' }))).toHaveLength(1);
  });
}

function tenantBehaviour(stores: () => IntakeUnderTest): void {
  it('marks a cancellation and erases, within the tenant only', async () => {
    const request = aTaskRequest(1, { callbackUrl: 'https://example.com', metadata: { a: 'b' } });
    await insert(stores(), request);
    const as = (tenantId: TenantId) =>
      stores().request.run(async ({ tenant }) => {
        await tenant.enter(tenantId);
        const seen = await tenant.lock(tenantId, [request.id]);
        await tenant.markCancelRequested(tenantId, [request.id], request.requestedAt + 1);
        await tenant.erase(tenantId, request.id, request.requestedAt + 2);
        return seen.length;
      });
    expect(await as(UMBRELLA)).toBe(0);
    expect(await stores().reader.find(ACME, request.id)).toEqual(newTaskView(request));
    expect(await as(ACME)).toBe(1);
    expect(await stores().reader.find(ACME, request.id)).toEqual({
      ...newTaskView({ ...request, input: null, callbackUrl: null, metadata: {} }),
      cancelRequestedAt: request.requestedAt + 1,
      erasedAt: request.requestedAt + 2,
    });
  });
}

function keyBehaviour(stores: () => IntakeUnderTest): void {
  it('finds keys by id, and knows whether a tenant has a live one', async () => {
    const now = Date.UTC(2026, 0, 1);
    const { keys } = stores();
    expect(await keys.ensureTenant({ id: ACME, name: 'Acme', interactive: true, createdAt: now })).toBe(true);
    expect(await keys.ensureTenant({ id: ACME, name: 'Other', interactive: true, createdAt: now })).toBe(false);
    expect(await keys.hasLiveKey(ACME, now)).toBe(false);
    const key = {
      id: 'abcd1234',
      tenantId: ACME,
      hash: 'h',
      scopes: ['tasks:read' as const],
      interactive: true,
      expiresAt: now + 10,
      revokedAt: null,
    };
    await keys.add(key, now);
    await keys.add({ ...key, hash: 'other' }, now);
    expect(await keys.find('abcd1234')).toEqual(key);
    expect(await keys.find('nobody00')).toBeUndefined();
    expect([await keys.hasLiveKey(ACME, now), await keys.hasLiveKey(ACME, now + 10)]).toEqual([true, false]);
  });
}
