import { describe, expect, it } from '@jest/globals';
import type { Worker } from '../engine/ports/worker-store.port.js';
import { aTask, aWorker, idOf, taskIdOf } from './builders.js';
import type { StoresUnderTest } from './stores-under-test.js';

/** What every store of workers does the same. */
export function workerStoreSuite(stores: () => StoresUnderTest): void {
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

    it('writes traits apart from state, each without the other', async () => {
      const faults = [{ gpu: 0, code: 'xid', permanent: false, since: 7, detail: 'it\'s {odd}, "' }] as const;
      const traits = { loadedModels: ['a@1'], measuredIdlePercent: 40, faults };
      const next = aWorker({ incarnation: idOf(0xa2), workerId: 'worker-2' });
      await stores().run(({ workers }) => workers.add([aWorker({ traits: { zone: 'z' } }), next]));
      await stores().run(({ workers }) => workers.saveTraits([aWorker({ traits, state: 'lost' })]));
      await stores().run(({ workers }) => workers.save([aWorker({ heartbeatMs: 9_000 })]));
      const found = await stores().run(({ workers }) => workers.load([idOf(0xa1), idOf(0xa2)]));
      expect(found).toEqual(expect.arrayContaining([aWorker({ traits, heartbeatMs: 9_000 }), next]));
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
