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
const PREDICTION = { p50GpuMs: 180_000, p90GpuMs: 360_000, basis: 'profile', samples: 0 };
const READING = { perTenant: 5, groupsMax: 100, rowsMax: 1_000 };
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
    historyStoreSuite(() => stores);
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

    it('QUE-01, QUE-02: shows the first of each lane (type x priority), by time of request, then id, if all are alike', async () => {
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
      const pending = await stores().run(({ tasks }) => tasks.pending({ ...READING, perTenant: 2 }));
      const lanes = Map.groupBy(pending, ({ taskType, priority }) => `${taskType}/${priority}`);
      expect([...lanes].map(([lane, tasks]) => [lane, tasks.map(({ id }) => id).toSorted()]).toSorted()).toEqual([
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
        tenantId: 'acme',
        namespace: 'default',
        model: 'demo-video@1',
        predictedGpuMs: 180_000,
        prediction: PREDICTION,
      });
    });

    it("SCH-39: shows each tenant's shortest of a lane, and the lane's oldest whoever's they are, each once", async () => {
      const of = (number: number, tenantId: string, p50GpuMs: number, requestedAt: number): Task =>
        aTask({
          id: taskIdOf(number),
          tenantId: tenantId as TenantId,
          prediction: { p50GpuMs, p90GpuMs: p50GpuMs, basis: 'history', samples: 9 },
          requestedAt,
        });
      const greedy = Array.from({ length: 9 }, (_, n) => of(n + 1, 'greedy', 900 - n, n));
      await insert([...greedy, of(20, 'small', 50, 100), of(21, 'small', 40, 101), of(22, 'small', 60, 102)]);
      const pending = await stores().run(({ tasks }) => tasks.pending({ ...READING, perTenant: 2 }));
      const shown = pending.map(({ id }) => id).toSorted();
      expect(shown).toEqual([1, 2, 8, 9, 20, 21].map(taskIdOf));
    });

    it('shows fewer of each tenant when they are many, but one at least, and walks no further than it may', async () => {
      const tenants = ['a', 'b', 'c', 'd'];
      await insert(
        tenants.flatMap((tenantId, at) =>
          [1, 2, 3].map((n) =>
            aTask({ id: taskIdOf(at * 10 + n), tenantId: tenantId as TenantId, requestedAt: 100 - at * 10 + n }),
          ),
        ),
      );
      const shownOf = async (reading: Partial<typeof READING>): Promise<Readonly<Record<string, number>>> => {
        const pending = await stores().run(({ tasks }) => tasks.pending({ ...READING, perTenant: 3, ...reading }));
        return Object.fromEntries(tenants.map((name) => [name, pending.filter((t) => t.tenantId === name).length]));
      };
      // The oldest three of the lane are all of d.
      expect(await shownOf({ rowsMax: 8 })).toEqual({ a: 2, b: 2, c: 2, d: 3 });
      expect(await shownOf({ rowsMax: 1 })).toEqual({ a: 1, b: 1, c: 1, d: 3 });
      expect(await shownOf({ groupsMax: 2 })).toEqual({ a: 3, b: 3, c: 0, d: 3 });
    });

    it('counts lanes, without those that hold nothing live', async () => {
      const done = { ...aTask({ id: taskIdOf(4), taskType: 'z' }), state: 'cancelled' as const };
      await insert([
        aTask({ requestedAt: 7 }),
        aTask({ id: taskIdOf(2), requestedAt: 6, tenantId: 'beta' as TenantId }),
        leased(aTask({ id: taskIdOf(3), priority: 1 })),
        done,
      ]);
      expect(await stores().run(({ tasks }) => tasks.laneCounts())).toEqual([
        {
          ...{ taskType: 'ti2v-5B', priority: 1, waiting: 0, running: 1, oldestRequestedAt: null },
          tenants: [{ tenantId: 'acme', waiting: 0, running: 1, waitingGpuMs: 0 }],
        },
        {
          ...{ taskType: 'ti2v-5B', priority: 0, waiting: 2, running: 0, oldestRequestedAt: 6 },
          tenants: [
            { tenantId: 'acme', waiting: 1, running: 0, waitingGpuMs: 180_000 },
            { tenantId: 'beta', waiting: 1, running: 0, waitingGpuMs: 180_000 },
          ],
        },
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
      const pending = await stores().run(({ tasks }) => tasks.pending(READING));
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

    it('gives what runs with its task, of all classes or of some, and when it was told to stop', async () => {
      const holder = aHolder({ devices: [2, 3] });
      const scheduled = transition(
        aTask({ id: taskIdOf(7), priority: -1 }),
        { kind: 'leased', holder, reason: 's' },
        NOW,
      );
      const running = transition(scheduled.next, { kind: 'started', report: aReport() }, NOW + 1).next;
      await stores().run(async ({ tasks, leases }) => {
        await tasks.insert([running, leased(aTask({ id: taskIdOf(8) }))]);
        await leases.grant([lease(7), lease(8)]);
      });
      const read = (priorities?: readonly number[]) => stores().run(({ leases }) => leases.running(priorities));
      expect((await read()).map(({ taskId }) => taskId)).toEqual([taskIdOf(7), taskIdOf(8)]);
      const live = { taskId: taskIdOf(7), epoch: 1 };
      const stale = { taskId: taskIdOf(8), epoch: 9 };
      expect(await stores().run(({ leases }) => leases.noteStop([live, stale], NOW + 2))).toEqual([taskIdOf(7)]);
      expect(await read([-1])).toEqual([
        {
          ...{ taskId: taskIdOf(7), epoch: 1, incarnation: idOf(0xa1), tenantId: 'acme', costCentre: 'default' },
          ...{ taskType: 'ti2v-5B', priority: -1, needs: { gpus: 1, vramMiB: 1_024 } },
          ...{ leasedAt: NOW, startedAt: NOW + 1, gpuMs: 500, prediction: PREDICTION, preemptions: 0 },
          devices: [2, 3],
          stopAskedAt: NOW + 2,
        },
      ]);
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

function historyStoreSuite(stores: () => StoresUnderTest): void {
  const key = { taskType: 'a', model: 'm', resolution: '832x480', frames: 4_000, steps: 24, pool: 'local' };
  const bare = { taskType: 'a', model: 'm', resolution: null, frames: null, steps: null, pool: 'local' };

  describe('history', () => {
    it('keeps the last 200 runs of a key, in order, also of one that tells of no size', async () => {
      const runs = Array.from({ length: 150 }, (_, n) => ({ key, gpuMs: n }));
      await stores().run(({ history }) => history.addRuns([{ key: bare, gpuMs: 7 }, ...runs], NOW));
      await stores().run(({ history }) => history.addRuns([...runs, { key: bare, gpuMs: 8 }], NOW + 1));
      const lengths = await stores().run(({ history }) => history.runLengths(10));
      expect(lengths.find((known) => known.key.steps === null)).toEqual({ key: bare, gpuMs: [7, 8] });
      const kept = [...runs, ...runs].slice(-200).map(({ gpuMs }) => gpuMs);
      expect(lengths.find((known) => known.key.steps === 24)).toEqual({ key, gpuMs: kept });
    });

    it('gives the keys that ran last, the latest last', async () => {
      for (const [at, steps] of [1, 2, 3].entries()) {
        await stores().run(({ history }) => history.addRuns([{ key: { ...key, steps }, gpuMs: 1 }], NOW + at));
      }
      await stores().run(({ history }) => history.addRuns([{ key: { ...key, steps: 1 }, gpuMs: 2 }], NOW + 9));
      const lengths = await stores().run(({ history }) => history.runLengths(2));
      expect(lengths.map((known) => known.key.steps)).toEqual([3, 1]);
    });

    it('sums what tenants were served by class, and forgets what is old', async () => {
      const served = (tenantId: string, gpuMs: number, priority = 0) => ({ tenantId, gpuMs, priority });
      await stores().run(({ history }) => history.addServed([served('a', 5), served('b', 1), served('a', 5, 1)], NOW));
      await stores().run(({ history }) => history.addServed([served('a', 2), served('a', 3)], NOW + 3_600_000));
      const since = (at: number) => stores().run(({ history }) => history.servedSince(at));
      expect(await since(NOW)).toEqual([served('a', 10), served('b', 1), served('a', 5, 1)]);
      expect(await since(NOW + 3_600_000)).toEqual([served('a', 5)]);
      await stores().run(({ history }) => history.addRuns([{ key, gpuMs: 1 }], NOW));
      expect(await stores().run(({ history }) => history.removeOld(NOW, NOW, 9))).toBe(0);
      expect(await stores().run(({ history }) => history.removeOld(NOW + 1, NOW + 600_001, 9))).toBe(4);
      expect(await since(0)).toEqual([served('a', 5)]);
      expect(await stores().run(({ history }) => history.runLengths(9))).toEqual([]);
    });
  });
}
