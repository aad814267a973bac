import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@millrace/kernel';
import { transition } from '../domain/transition.js';
import type { Task } from '../domain/task.js';
import type { SchedulingStores } from '../engine/ports/scheduling-scope.port.js';
import type { Worker } from '../engine/ports/worker-store.port.js';
import { aHolder, aReport, aRequest, aTask, aWorker, idOf, taskIdOf } from './builders.js';

/** The stores of one implementation. `run` is one transaction; a rejection of `work` rolls it back. */
export interface StoresUnderTest {
  run<Result>(work: (stores: SchedulingStores) => Promise<Result>): Promise<Result>;
  /** Forgets every row. */
  clear(): Promise<void>;
  close?(): Promise<void>;
}

const NOW = Date.UTC(2026, 0, 1, 12);
const FAR_AHEAD = Date.UTC(2099, 0, 1);

/** A task with a live lease, epoch 1. */
function leased(task: Task, incarnation = idOf(0xa1)): Task {
  return transition(task, { kind: 'leased', holder: aHolder({ incarnation }), reason: 'spec' }, NOW).next;
}

/** What every implementation of the scheduler's stores does the same. */
export function schedulingStoresConformance(
  name: string,
  create: () => Promise<StoresUnderTest>,
  timeoutMs = 60_000,
): void {
  describe(`scheduling stores: ${name}`, () => {
    let stores: StoresUnderTest;
    beforeAll(async () => {
      stores = await create();
    }, timeoutMs);
    afterAll(() => stores.close?.());
    beforeEach(() => stores.clear());
    taskStoreSuite(() => stores);
    leaseStoreSuite(() => stores);
    workerStoreSuite(() => stores);
  });
}

function taskStoreSuite(stores: () => StoresUnderTest): void {
  const insert = (tasks: readonly Task[]) => stores().run(({ tasks: store }) => store.insert(tasks));
  const load = (numbers: readonly number[]) => stores().run(({ tasks }) => tasks.load(numbers.map(taskIdOf)));

  describe('tasks', () => {
    it('gives back what was inserted, field by field', async () => {
      const task = aTask({
        ...aRequest({
          work: {
            model: 'm@1',
            input: { prompt: 'Ein roter Ball "hüpft" \\ 球', imageUrl: 'https://example.com/a?b=c' },
            resolution: { width: 832, height: 480 },
            parameters: { seed: 7, durationS: 2.5 },
          },
          callbackUrl: 'https://example.com/hook',
          metadata: { customer: 'acme', 'a,{b}': 'NULL' },
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        }),
      });
      await insert([task]);
      expect(await load([1])).toEqual([task]);
    });

    it('inserts an id once: a second insert changes nothing and says so', async () => {
      await insert([aTask()]);
      const again = aTask({ priority: 1 });
      expect(await insert([again, aTask({ id: taskIdOf(2) })])).toEqual(new Set([taskIdOf(2)]));
      expect((await load([1]))[0]?.priority).toBe(0);
    });

    it('saves everything a transition changes', async () => {
      const queued = aTask({ maxRetries: 0 });
      await insert([queued]);
      const running = transition(
        leased(queued),
        { kind: 'started', report: aReport({ checkpoint: { key: 'k', step: 3, modelHash: 'h' } }) },
        NOW,
      ).next;
      const failed = transition(
        running,
        {
          kind: 'failed',
          report: aReport({ number: 2 }),
          error: { code: 'engine_crashed', message: 'x', retryable: true },
        },
        NOW + 5,
      ).next;
      await stores().run(({ tasks }) => tasks.save([failed]));
      expect(await load([1])).toEqual([failed]);
    });

    it('leaves unknown ids out', async () => {
      await insert([aTask()]);
      expect((await load([1, 2])).map(({ id }) => id)).toEqual([taskIdOf(1)]);
    });

    it('QUE-01, QUE-02: shows the first of each lane (type x priority), by time of request, then id', async () => {
      const at = (number: number, taskType: string, priority: number, requestedAt: number): Task =>
        aTask({ id: taskIdOf(number), taskType, priority, requestedAt });
      await insert([
        at(4, 'a', 0, 20),
        at(3, 'a', 0, 20),
        at(2, 'a', 0, 10),
        at(5, 'a', 1, 30),
        at(6, 'b', -1, 5),
        leased(at(1, 'a', 0, 1)),
      ]);
      const pending = await stores().run(({ tasks }) => tasks.pending(2));
      const lanes = Map.groupBy(pending, ({ taskType, priority }) => `${taskType}/${priority}`);
      expect([...lanes].map(([lane, tasks]) => [lane, tasks.map(({ id }) => id)]).toSorted()).toEqual([
        ['a/0', [taskIdOf(2), taskIdOf(3)]],
        ['a/1', [taskIdOf(5)]],
        ['b/-1', [taskIdOf(6)]],
      ]);
      expect(pending.find(({ id }) => id === taskIdOf(6))).toEqual({
        id: taskIdOf(6),
        taskType: 'b',
        priority: -1,
        needs: { gpus: 1, vramMiB: 1_024 },
        requestedAt: 5,
      });
    });

    it('counts lanes, without those that hold nothing live', async () => {
      const done = { ...aTask({ id: taskIdOf(4), taskType: 'z' }), state: 'cancelled' as const };
      await insert([
        aTask({ requestedAt: 7 }),
        aTask({ id: taskIdOf(2), requestedAt: 6 }),
        leased(aTask({ id: taskIdOf(3), priority: 1 })),
        done,
      ]);
      expect(await stores().run(({ tasks }) => tasks.laneCounts())).toEqual([
        { taskType: 'ti2v-5B', priority: 1, waiting: 0, running: 1, oldestRequestedAt: null },
        { taskType: 'ti2v-5B', priority: 0, waiting: 2, running: 0, oldestRequestedAt: 6 },
      ]);
    });

    it('finds what was never leased and is overdue, oldest first, within the limit', async () => {
      const requeued = { ...aTask({ id: taskIdOf(1), requestedAt: 1 }), epoch: 1 };
      await insert([requeued, ...[2, 3, 4, 5].map((number) => aTask({ id: taskIdOf(number), requestedAt: number }))]);
      const overdue = await stores().run(({ tasks }) => tasks.overdue(5, 2));
      expect(overdue.map(({ id }) => id)).toEqual([taskIdOf(2), taskIdOf(3)]);
    });

    it('keeps tombstones by task and tenant, once each', async () => {
      const tombstone = { taskId: taskIdOf(9), tenantId: 'acme' as TenantId };
      await stores().run(({ tasks }) => tasks.leaveTombstones([tombstone]));
      await stores().run(({ tasks }) =>
        tasks.leaveTombstones([tombstone, { ...tombstone, tenantId: 'b' as TenantId }]),
      );
      const found = await stores().run(({ tasks }) => tasks.tombstonesOf([taskIdOf(8), taskIdOf(9)]));
      expect(found.map(({ tenantId }) => tenantId).toSorted()).toEqual(['acme', 'b']);
    });

    it('WRK-13: shows until when a task pauses that was requeued after a failure', async () => {
      const error = { code: 'engine_crashed', message: 'x', retryable: true };
      const failed = { kind: 'failed' as const, report: aReport(), error };
      const started = transition(leased(aTask()), { kind: 'started', report: aReport() }, NOW).next;
      const requeued = transition(started, { ...failed, report: aReport({ number: 2 }) }, NOW + 5).next;
      await insert([requeued, aTask({ id: taskIdOf(2), priority: 1 })]);
      const pending = await stores().run(({ tasks }) => tasks.pending(5));
      const byId = new Map(pending.map((task) => [task.id, task]));
      expect(byId.get(taskIdOf(1))?.notBefore).toBe(NOW + 1_005);
      expect(byId.get(taskIdOf(2))).not.toHaveProperty('notBefore');
    });

    it('removes what ended before an instant, and nothing that lives', async () => {
      const ended = (number: number, endedAt: number): Task => ({
        ...aTask({ id: taskIdOf(number) }),
        state: 'cancelled',
        endedAt,
      });
      await insert([ended(1, NOW), ended(2, NOW), ended(3, NOW + 10), aTask({ id: taskIdOf(4) })]);
      expect(await stores().run(({ tasks }) => tasks.removeEnded(NOW + 10, 1))).toBe(1);
      expect(await stores().run(({ tasks }) => tasks.removeEnded(NOW + 10, 9))).toBe(1);
      expect((await load([1, 2, 3, 4])).map(({ id }) => id).toSorted()).toEqual([taskIdOf(3), taskIdOf(4)]);
    });

    it('removes old tombstones only', async () => {
      await stores().run(({ tasks }) => tasks.leaveTombstones([{ taskId: taskIdOf(9), tenantId: 'a' as TenantId }]));
      expect(await stores().run(({ tasks }) => tasks.removeTombstones(0, 9))).toBe(0);
      expect(await stores().run(({ tasks }) => tasks.removeTombstones(FAR_AHEAD, 9))).toBe(1);
      expect(await stores().run(({ tasks }) => tasks.tombstonesOf([taskIdOf(9)]))).toEqual([]);
    });

    it('rolls back as a whole', async () => {
      const broken = stores().run(async ({ tasks }) => {
        await tasks.insert([aTask()]);
        throw new Error('planned');
      });
      await expect(broken).rejects.toThrow('planned');
      expect(await load([1])).toEqual([]);
    });
  });
}

function leaseStoreSuite(stores: () => StoresUnderTest): void {
  const lease = (number: number, incarnation = idOf(0xa1)) => ({
    taskId: taskIdOf(number),
    attempt: 1,
    epoch: 1,
    workerId: 'worker-1',
    incarnation,
  });

  describe('leases', () => {
    beforeEach(() =>
      stores().run(({ tasks }) => tasks.insert([1, 2, 3].map((number) => aTask({ id: taskIdOf(number) })))),
    );

    it('P7: refuses a second live lease of a task, and the whole batch with it', async () => {
      await stores().run(({ leases }) => leases.grant([lease(1)]));
      const second = stores().run(({ leases }) => leases.grant([lease(2), { ...lease(1), epoch: 2 }]));
      await expect(second).rejects.toThrow();
      expect(await stores().run(({ leases }) => leases.all())).toEqual([lease(1)]);
    });

    it('gives leases by holder and all, by task id, until they end', async () => {
      const other = idOf(0xa2);
      await stores().run(({ leases }) => leases.grant([lease(3), lease(1), lease(2, other)]));
      expect(await stores().run(({ leases }) => leases.heldBy([idOf(0xa1)]))).toEqual([lease(1), lease(3)]);
      await stores().run(({ leases }) => leases.end([taskIdOf(1), taskIdOf(99)]));
      expect(await stores().run(({ leases }) => leases.all())).toEqual([lease(2, other), lease(3)]);
      expect(await stores().run(({ leases }) => leases.heldBy([]))).toEqual([]);
    });
  });
}

function workerStoreSuite(stores: () => StoresUnderTest): void {
  describe('workers', () => {
    it('gives back what was added, field by field, and keeps a known incarnation as it is', async () => {
      const worker = aWorker({ taskTypes: ['a,b', 'c"d', '{}'], pricePerGpuHour: 123_456_789_012_345n });
      await stores().run(({ workers }) => workers.add([worker]));
      await stores().run(({ workers }) => workers.add([{ ...worker, slots: 9 }]));
      expect(await stores().run(({ workers }) => workers.load([worker.incarnation, idOf(1)]))).toEqual([worker]);
    });

    it('keeps one incarnation of a worker id that has not ended', async () => {
      const next = aWorker({ incarnation: idOf(0xa2) });
      await stores().run(({ workers }) => workers.add([aWorker()]));
      await expect(stores().run(({ workers }) => workers.add([next]))).rejects.toThrow();
      await stores().run(({ workers }) => workers.save([aWorker({ state: 'lost', heartbeatMs: 5_000 })]));
      await stores().run(({ workers }) => workers.add([next]));
      expect(await stores().run(({ workers }) => workers.current(['worker-1', 'worker-2']))).toEqual([next]);
      const [ended] = await stores().run(({ workers }) => workers.load([idOf(0xa1)]));
      expect(ended).toEqual(aWorker({ state: 'lost', heartbeatMs: 5_000 }));
    });

    it('counts the leases that living workers hold', async () => {
      await stores().run(async ({ tasks, leases, workers }) => {
        await tasks.insert([1, 2].map((number) => aTask({ id: taskIdOf(number) })));
        const incarnation = idOf(0xa1);
        await workers.add([
          aWorker({ workerId: 'w-2', incarnation: idOf(0xa2), state: 'draining' }),
          aWorker({ workerId: 'w-1' }),
          aWorker({ workerId: 'w-3', incarnation: idOf(0xa3), state: 'left' }),
        ]);
        await leases.grant(
          [1, 2].map((n) => ({ taskId: taskIdOf(n), attempt: 1, epoch: 1, workerId: 'w-1', incarnation })),
        );
      });
      const alive = await stores().run(({ workers }) => workers.alive());
      expect(alive.map(({ workerId, usedSlots }) => [workerId, usedSlots])).toEqual([
        ['w-1', 2],
        ['w-2', 0],
      ]);
    });

    it('removes incarnations that ended before an instant, unless they hold a lease', async () => {
      const of = (number: number, overrides: Partial<Worker>): Worker =>
        aWorker({ workerId: `w-${number}`, incarnation: idOf(number), state: 'lost', heartbeatAt: 5, ...overrides });
      await stores().run(async ({ tasks, leases, workers }) => {
        await tasks.insert([aTask()]);
        await workers.add([of(1, {}), of(2, {}), of(3, { heartbeatAt: 10 }), of(4, { state: 'ready' }), of(5, {})]);
        const lease = { taskId: taskIdOf(1), attempt: 1, epoch: 1, workerId: 'w-5', incarnation: idOf(5) };
        await leases.grant([lease]);
      });
      expect(await stores().run(({ workers }) => workers.removeEnded(10, 1))).toBe(1);
      expect(await stores().run(({ workers }) => workers.removeEnded(10, 9))).toBe(1);
      const left = await stores().run(({ workers }) => workers.load([1, 2, 3, 4, 5].map(idOf)));
      expect(left.map(({ workerId }) => workerId).toSorted()).toEqual(['w-3', 'w-4', 'w-5']);
    });

    it('shows people the living and the lately ended, newest first', async () => {
      await stores().run(({ workers }) =>
        workers.add([
          aWorker({ workerId: 'old', registeredAt: 1, heartbeatAt: 1 }),
          aWorker({ workerId: 'late', incarnation: idOf(0xa2), state: 'lost', registeredAt: 3, heartbeatAt: 30 }),
          aWorker({ workerId: 'gone', incarnation: idOf(0xa3), state: 'left', registeredAt: 2, heartbeatAt: 20 }),
        ]),
      );
      const recent = await stores().run(({ workers }) => workers.recent(20, 10));
      expect(recent.map(({ workerId }) => workerId)).toEqual(['late', 'old']);
      expect(await stores().run(({ workers }) => workers.recent(20, 1))).toHaveLength(1);
    });
  });
}
