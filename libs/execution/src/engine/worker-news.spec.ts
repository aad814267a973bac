import { describe, expect, it } from '@jest/globals';
import { attemptReported, usageRecorded, workerHeartbeat, workerRegistered } from '@millrace/contracts';
import { sleep } from '@millrace/kernel';
import { TASK_ID, buildTaskId, createFakeWorker, createFakeWorld, createRegisteredWorker } from '../testing/index.js';
import type { GpuReading } from './ports/machine-probe.port.js';

const TRAITS = {
  ...{ driver: '535.104.05', cuda: '12.2', cpuMilli: 8_000, ramMiB: 32_768, zone: 'z-1', taints: ['nvidia.com/gpu'] },
  devices: [{ mode: 'whole' as const }, { mode: 'whole' as const }],
};
const FINE: GpuReading = { gpu: 0, lost: false, eccCorrected: 0, eccUncorrected: 0, kernelLog: [] };

/** A probe whose one GPU can be lost. */
function probeOf(readings: { now: readonly GpuReading[]; asked?: number }) {
  return {
    readHealth: async () => {
      readings.asked = (readings.asked ?? 0) + 1;
      return readings.now;
    },
  };
}

describe('what a worker tells of its machine', () => {
  it('TYP-23, TYP-24: registers with what its machine has', async () => {
    const fake = await createRegisteredWorker({ settings: { gpus: 2, traits: TRAITS } });
    expect(fake.said(workerRegistered)).toMatchObject([{ gpus: 2, ...TRAITS }]);
  });

  it('tells nothing that it does not know', async () => {
    const fake = await createRegisteredWorker();
    for (const field of ['devices', 'cpuMilli', 'driver', 'gpuHealth', 'measuredIdlePercent']) {
      expect(fake.said(workerRegistered)[0]).not.toHaveProperty(field);
      expect(fake.said(workerHeartbeat)[0]).not.toHaveProperty(field);
    }
  });

  it('SCH-45: tells the models in memory, from when they are', async () => {
    const fake = await createRegisteredWorker({ script: { models: ['b@1', 'a@1'], loadMs: 7_000 } });
    fake.assign();
    await fake.clock.advance(15_000);
    const told = fake.said(workerHeartbeat).map(({ loadedModels }) => loadedModels);
    expect(told).toEqual([[], [], ['a@1', 'b@1'], ['a@1', 'b@1']]);
    const preloaded = await createFakeWorker({ preload: true });
    await preloaded.worker.register();
    expect(preloaded.said(workerRegistered)[0]?.loadedModels).toEqual(['scripted@1']);
  });

  it('SCH-48: tells the share of its time without work, once it is known', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 300, stepMs: 100 } });
    fake.assign();
    await fake.clock.advance(60_000);
    const told = fake.said(workerHeartbeat).map(({ measuredIdlePercent }) => measuredIdlePercent);
    expect(told.slice(0, -1).every((percent) => percent === undefined)).toBe(true);
    expect(told.at(-1)).toBe(50);
  });

  it('SCH-50: tells the facts of its GPUs at registration and with each heartbeat', async () => {
    const readings = { now: [{ ...FINE, eccCorrected: 5 }] };
    const fake = await createFakeWorker({ probe: probeOf(readings), settings: { healthMs: 1_000 } });
    await fake.worker.register();
    expect(fake.said(workerRegistered)[0]?.gpuHealth).toEqual(readings.now);
    readings.now = [{ ...FINE, lost: true }];
    await fake.clock.advance(5_000);
    expect(fake.said(workerHeartbeat).at(-1)?.gpuHealth).toEqual(readings.now);
  });

  it('SCH-50: a failed attempt is followed by a reading and a heartbeat at once: the GPU may be why', async () => {
    const readings = { now: [FINE], asked: 0 };
    const failAt = { step: 3, error: new Error('an illegal memory access') };
    const fake = await createFakeWorker({ probe: probeOf(readings), script: { failAt } });
    await fake.worker.register();
    fake.assign();
    readings.now = [{ ...FINE, lost: true }];
    await fake.clock.advance(1_000);
    expect(fake.reportedKinds()).toEqual(['started', 'failed']);
    expect(readings.asked).toBe(2);
    expect(fake.said(workerHeartbeat).map(({ at, gpuHealth }) => [at, gpuHealth?.length])).toEqual([
      [0, 0],
      [300, 1],
    ]);
  });

  it('SCH-50: a failure is told after a fresh reading of the GPUs, which costs its task nothing', async () => {
    const fake = await failing(500);
    await fake.clock.advance(700);
    expect(fake.reportedKinds()).toEqual(['started']);
    await fake.clock.advance(200);
    expect(fake.reportedKinds()).toEqual(['started', 'failed']);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({ at: 300, gpuMs: 300 });
    expect(fake.said(workerHeartbeat).map(({ gpuHealth }) => gpuHealth?.length)).toEqual([0, 1]);
  });

  it('a driver that hangs does not keep a failure back for longer than 2 s', async () => {
    const fake = await failing(60_000);
    await fake.clock.advance(2_200);
    expect(fake.reportedKinds()).toEqual(['started']);
    await fake.clock.advance(200);
    expect(fake.reportedKinds()).toEqual(['started', 'failed']);
  });

  it('the next attempt on the slot waits for the reading', async () => {
    const fake = await failing(1_000);
    fake.assign({ taskId: buildTaskId(1) });
    await fake.clock.advance(1_200);
    expect(fake.engine.jobs).toHaveLength(1);
    await fake.clock.advance(200);
    expect(fake.engine.jobs).toHaveLength(2);
  });
});

/** A worker whose attempt fails after 300 ms; from then on a reading of its GPU takes so long and finds it lost. */
async function failing(readingMs: number) {
  const world = createFakeWorld();
  let readings = 0;
  const readHealth = async (): Promise<readonly GpuReading[]> => {
    readings += 1;
    if (readings === 1) return [FINE];
    await sleep(world.clock, readingMs);
    return [{ ...FINE, lost: true }];
  };
  const failAt = { step: 3, error: new Error('an illegal memory access') };
  const fake = await createFakeWorker({ world, probe: { readHealth }, script: { failAt } });
  await fake.worker.register();
  fake.assign();
  return fake;
}

describe('the GPU that the scheduler chose', () => {
  const settings = { gpus: 2, slots: 2, gpuIds: ['GPU-a', 'GPU-b'], traits: TRAITS };
  const gpuOf = (fake: Awaited<ReturnType<typeof createRegisteredWorker>>, taskId: string) =>
    new Set(
      fake
        .said(usageRecorded)
        .flatMap(({ segments }) => segments)
        .filter((segment) => segment.taskId === taskId)
        .map(({ gpu }) => gpu),
    );

  it('is the one its time is counted on, and the only one its engine is shown', async () => {
    const fake = await createRegisteredWorker({ settings });
    fake.assign({ devices: [1] });
    fake.assign({ taskId: buildTaskId(1), devices: [0] });
    await fake.clock.advance(5_000);
    expect(gpuOf(fake, TASK_ID)).toEqual(new Set([1]));
    expect(gpuOf(fake, buildTaskId(1))).toEqual(new Set([0]));
    expect(fake.engine.gpuIds).toEqual([['GPU-b'], ['GPU-a']]);
  });

  it('I3: is billed for what was granted of it: a task that has a shared GPU to itself for all of it', async () => {
    const shared = { ...TRAITS, devices: [{ mode: 'shared' as const }] };
    const sharesOf = async (granted: { readonly deviceMilli?: number[] }) => {
      const fake = await createRegisteredWorker({ settings: { slots: 4, traits: shared } });
      fake.assign({ devices: [0], ...granted });
      await fake.clock.advance(5_000);
      const own = fake
        .said(usageRecorded)
        .flatMap(({ segments }) => segments.filter(({ taskId }) => taskId !== undefined));
      return [...new Set(own.map(({ sharePpm }) => sharePpm))];
    };
    expect(await sharesOf({ deviceMilli: [1_000] })).toEqual([1_000_000]);
    expect(await sharesOf({ deviceMilli: [428] })).toEqual([428_000]);
    expect(await sharesOf({})).toEqual([250_000]);
  });

  it('is used also with fewer slots than GPUs, and no more run than there are slots', async () => {
    const fake = await createRegisteredWorker({ settings: { ...settings, slots: 1 } });
    fake.assign({ devices: [1] });
    fake.assign({ taskId: buildTaskId(1), devices: [0] });
    await fake.clock.advance(100);
    expect(fake.engine.jobs).toHaveLength(1);
    await fake.clock.advance(10_000);
    expect([gpuOf(fake, TASK_ID), gpuOf(fake, buildTaskId(1))]).toEqual([new Set([1]), new Set([0])]);
  });

  it('does not keep an attempt waiting while another slot is free, and none is chosen for most engines', async () => {
    const fake = await createRegisteredWorker({ settings });
    fake.assign({ devices: [0] });
    fake.assign({ taskId: buildTaskId(1), devices: [0] });
    await fake.clock.advance(50);
    expect(fake.engine.gpuIds).toEqual([['GPU-a'], ['GPU-a']]);
    const other = await createRegisteredWorker();
    other.assign();
    await other.clock.advance(50);
    expect(other.engine.gpuIds).toEqual([[]]);
  });
});
