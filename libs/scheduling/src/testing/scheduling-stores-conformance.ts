import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@millrace/kernel';
import { transition } from '../domain/transition.js';
import type { Task } from '../domain/task.js';
import { aLeasedTask, aReport, aRequest, aTask, idOf, taskIdOf } from './builders.js';
import type { WaitingTask } from '../engine/ports/task-store.port.js';
import { historyStoreSuite } from './history-store-suite.js';
import { leaseStoreSuite } from './lease-store-suite.js';
import type { StoresUnderTest } from './stores-under-test.js';
import { workerStoreSuite } from './worker-store-suite.js';

const NOW = Date.UTC(2026, 0, 1, 12);
const PREDICTION = { p50GpuMs: 180_000, p90GpuMs: 360_000, basis: 'profile', samples: 0 };
const READING = { perTenant: 5, groupsMax: 100, rowsMax: 1_000 };
const FAR_AHEAD = Date.UTC(2099, 0, 1);

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
        aLeasedTask(queued),
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
        aLeasedTask(at(1, 'a', 0, 1)),
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

    it('walks all that is queued, a part at a time, in one order', async () => {
      const tasks = Array.from({ length: 12 }, (_, n) =>
        aTask({
          id: taskIdOf(40 - n),
          taskType: n % 2 === 0 ? 'b' : 'a',
          priority: (n % 3) - 1,
          requestedAt: NOW + (n % 4),
        }),
      );
      await insert([...tasks, aLeasedTask(aTask({ id: taskIdOf(99) }))]);
      const walked: WaitingTask[] = [];
      for (let rows = 5; rows === 5;) {
        const part = await stores().run(({ tasks: store }) => store.waiting(walked.at(-1), 5));
        walked.push(...part);
        rows = part.length;
      }
      expect(walked.map(({ id }) => id).toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
      const order = walked.map((task) => [task.taskType, task.priority + 1, task.requestedAt, task.id].join('/'));
      expect(order).toEqual(order.toSorted());
      const shown = await stores().run(({ tasks: store }) => store.pending(READING));
      expect(walked.find(({ id }) => id === taskIdOf(40))).toEqual(shown.find(({ id }) => id === taskIdOf(40)));
    });

    it('counts lanes, without those that hold nothing live', async () => {
      const done = { ...aTask({ id: taskIdOf(4), taskType: 'z' }), state: 'cancelled' as const };
      await insert([
        aTask({ requestedAt: 7 }),
        aTask({ id: taskIdOf(2), requestedAt: 6, tenantId: 'beta' as TenantId }),
        aLeasedTask(aTask({ id: taskIdOf(3), priority: 1 })),
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
      const started = transition(aLeasedTask(aTask()), { kind: 'started', report: aReport() }, NOW).next;
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

    it('P7: removes no task that holds a lease, whatever its row says', async () => {
      const task: Task = { ...aLeasedTask(aTask()), state: 'failed', endedAt: NOW };
      const lease = { taskId: task.id, attempt: 1, epoch: 1, workerId: 'worker-1', incarnation: idOf(0xa1) };
      await insert([task]);
      await stores().run(({ leases }) => leases.grant([lease]));
      expect(await stores().run(({ tasks }) => tasks.removeEnded(NOW + 10, 9))).toBe(0);
      await stores().run(({ leases }) => leases.end([task.id]));
      expect(await stores().run(({ tasks }) => tasks.removeEnded(NOW + 10, 9))).toBe(1);
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
