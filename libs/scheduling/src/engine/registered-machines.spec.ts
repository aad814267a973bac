import { describe, expect, it } from '@jest/globals';
import { capacityChanged, taskAssigned } from '@millrace/contracts';
import { idOf } from '../testing/builders.js';
import { startedScheduler } from '../testing/scheduler-fixture.js';
import { DEFAULT_SCHEDULING_POLICY } from './scheduling-policy.js';

const A = idOf(0xa1);

describe('models that a worker holds', () => {
  it('SCH-45: draw the tasks that want them, from the heartbeat on that tells them', async () => {
    const s = await startedScheduler();
    await s.register({ incarnation: A });
    await s.register({ workerId: 'worker-2', incarnation: idOf(0xa2), instanceId: 'i-2' });
    await s.heartbeat({ workerId: 'worker-2', incarnation: idOf(0xa2), loadedModels: ['demo-video@1'] });
    await s.request(1);
    expect(s.assigned().workerId).toBe('worker-2');
    await s.register({
      workerId: 'worker-3',
      incarnation: idOf(0xa3),
      instanceId: 'i-3',
      loadedModels: ['demo-video@1'],
    });
    await s.request(2);
    expect(s.assigned().workerId).toBe('worker-3');
  });
});

describe('slices that cannot be', () => {
  const mig = (...profiles: readonly string[]) => ({
    ...{ incarnation: A, gpuType: 'A100-40GB', vramMiB: 40_960, slots: 3 },
    devices: [{ mode: 'mig' as const, slicesMiB: profiles.map(() => 20_480), profiles: [...profiles] }],
  });
  const onSlices = { ...DEFAULT_SCHEDULING_POLICY, demands: new Map([['ti2v-5B', { gpuUse: 'slice' as const }]]) };
  const asksForSlice = { needs: { gpus: 1, vramMiB: 15_360 } };
  const started = () => startedScheduler({ settings: { policy: onSlices } });

  it.each([
    ['VEC-21: three halves', mig('3g.20gb', '3g.20gb', '3g.20gb'), /60 GiB/],
    ['a card without MIG', { ...mig('1g.5gb'), gpuType: 'V100' }, /has no MIG/],
    [
      'sizes that do not fit',
      { ...mig(), devices: [{ mode: 'mig' as const, slicesMiB: [20_480, 20_480, 20_480] }] },
      /60/,
    ],
  ])(
    'SCH-43: %s: the worker is taken in, the GPU is not counted on, and the log says why',
    async (_, worker, detail) => {
      const s = await started();
      await s.register(worker);
      await s.request(1, asksForSlice);
      expect(s.of(taskAssigned)).toEqual([]);
      expect(s.of(capacityChanged).map(({ change }) => change)).toEqual(['opened']);
      expect(s.gpuChanges).toMatchObject([
        { outages: [{ gpu: 0, code: 'mig_partition', permanent: true, detail: expect.stringMatching(detail) }] },
      ]);
    },
  );

  it('SCH-43: what the driver lists is taken, on a card and of a name that no table has', async () => {
    const s = await started();
    const [cut] = mig('1g.24gb', '1g.24gb').devices;
    await s.register({ ...mig(), gpuType: 'our-card', devices: cut === undefined ? [] : [{ ...cut, listed: true }] });
    await s.request(1, asksForSlice);
    expect(s.assigned().devices).toEqual([0]);
    expect(s.gpuChanges).toEqual([]);
  });

  it('VEC-21: two halves are taken', async () => {
    const s = await started();
    await s.register(mig('3g.20gb', '3g.20gb'));
    for (const n of [1, 2, 3]) await s.request(n, asksForSlice);
    expect(s.of(taskAssigned).map(({ devices }) => devices)).toEqual([[0], [0]]);
    expect(s.gpuChanges).toEqual([]);
  });

  it('a GPU that its worker calls faulty is out from the start', async () => {
    const s = await startedScheduler();
    await s.register({ incarnation: A, devices: [{ mode: 'whole', faulty: true }] });
    await s.request(1);
    expect(s.of(taskAssigned)).toEqual([]);
    expect(s.gpuChanges).toMatchObject([{ outages: [{ gpu: 0, code: 'told' }] }]);
  });
});
