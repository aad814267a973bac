import { describe, expect, it } from '@jest/globals';
import { taskAssigned } from '@millrace/contracts';
import { startedScheduler } from '../testing/scheduler-fixture.js';
import { DEFAULT_SCHEDULING_POLICY } from './scheduling-policy.js';
import type { TaskDemands } from '../policy/snapshot.js';

type Registered = Parameters<Awaited<ReturnType<typeof startedScheduler>>['register']>[0];

async function granted(worker: Registered, demands: TaskDemands, vramMiB = 15_360) {
  const policy = { ...DEFAULT_SCHEDULING_POLICY, demands: new Map([['ti2v-5B', demands]]) };
  const s = await startedScheduler({ settings: { policy } });
  await s.register({ gpuType: 'A100-40GB', vramMiB: 40_960, slots: 4, ...worker });
  await s.request(1, { needs: { gpus: 1, vramMiB } });
  return s.of(taskAssigned).map(({ devices, deviceMilli }) => ({ devices, deviceMilli }));
}

const mig = (...profiles: readonly [string, number][]) => ({
  devices: [
    {
      mode: 'mig' as const,
      slicesMiB: profiles.map(([, vramMiB]) => vramMiB),
      profiles: profiles.map(([name]) => name),
    },
  ],
});

describe('an assignment says what was granted of each GPU', () => {
  const shared = { devices: [{ mode: 'shared' as const }], measuredIdlePercent: 100 };

  it.each<[string, Registered, TaskDemands, number]>([
    ['a whole GPU', { devices: [{ mode: 'whole' }] }, {}, 1_000],
    ['the whole of one that may be shared, for a task that does not share', shared, {}, 1_000],
    ['a place of one that is shared', shared, { gpuUse: 'shared' }, 250],
    ['as much of it as it asks for', shared, { gpuUse: 'shared', gpuMilli: 400 }, 400],
    ['three sevenths of the compute', mig(['3g.20gb', 20_480], ['3g.20gb', 20_480]), { gpuUse: 'slice' }, 428],
    ['the smallest slice that holds it', mig(['4g.20gb', 20_480], ['1g.5gb', 5_120]), { gpuUse: 'slice' }, 571],
  ])('%s', async (_, worker, demands, milli) => {
    expect(await granted(worker, demands)).toEqual([{ devices: [0], deviceMilli: [milli] }]);
  });

  it('nothing where slots alone are told', async () => {
    expect(await granted({}, {})).toEqual([{ devices: undefined, deviceMilli: undefined }]);
  });
});
