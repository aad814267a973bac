import { beforeEach, describe, expect, it } from '@jest/globals';
import { transition } from '../domain/transition.js';
import { aHolder, aLeasedTask, aReport, aTask, idOf, taskIdOf } from './builders.js';
import type { StoresUnderTest } from './stores-under-test.js';

const NOW = Date.UTC(2026, 0, 1, 12);
const PREDICTION = { p50GpuMs: 180_000, p90GpuMs: 360_000, basis: 'profile', samples: 0 };

/** What every store of leases does the same. */
export function leaseStoreSuite(stores: () => StoresUnderTest): void {
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
        await tasks.insert([running, aLeasedTask(aTask({ id: taskIdOf(8) }))]);
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
