import { describe, expect, it } from '@jest/globals';
import { taskAssigned, type EventData, type workerRegistered } from '@millrace/contracts';
import type { TaskDemands } from '../policy/snapshot.js';
import { idOf } from '../testing/builders.js';
import { startedScheduler, type SchedulerFixture } from '../testing/scheduler-fixture.js';
import { DEFAULT_SCHEDULING_POLICY } from './scheduling-policy.js';

const GIB = 1_024;

/** A scheduler whose tasks ask for this, with one task that waits, once this worker has come. */
async function offered(
  demands: TaskDemands,
  worker: Partial<EventData<typeof workerRegistered>>,
  vramMiB = GIB,
): Promise<SchedulerFixture> {
  const policy = { ...DEFAULT_SCHEDULING_POLICY, demands: new Map([['ti2v-5B', demands]]) };
  const s = await startedScheduler({ settings: { policy } });
  await s.request(1, { needs: { gpus: 1, vramMiB } });
  await s.register({ incarnation: idOf(0xa1), ...worker });
  return s;
}

describe('what workers tell of their machines decides who gets what', () => {
  it.each([
    ['535.104.05', 1],
    ['470.82.01', 0],
    [undefined, 0],
  ])('TYP-24: a task with the floor 535 and a worker with driver %s', async (driver, assigned) => {
    const s = await offered({ minDriver: '535', minCuda: '12.2' }, { cuda: '12.2', ...(driver ? { driver } : {}) });
    expect(s.of(taskAssigned)).toHaveLength(assigned);
  });

  it.each([
    ['its own pod', 8_000, 32 * GIB, 1],
    ['a g5.xlarge: 4 vCPU and 16 GiB', 4_000, 16 * GIB, 0],
  ])('TYP-23: a task of 8 CPUs and 32 GiB on %s', async (_, cpuMilli, ramMiB, assigned) => {
    const s = await offered({ cpuMilli: 8_000, ramMiB: 32 * GIB }, { cpuMilli, ramMiB, devices: [{ mode: 'whole' }] });
    expect(s.of(taskAssigned)).toHaveLength(assigned);
  });

  it('SCH-46, SCH-47: labels are looked for, taints are to be tolerated', async () => {
    const worker = { labels: { tier: 'gold' }, taints: ['dedicated'] };
    const given = async (demands: TaskDemands) => (await offered(demands, worker)).of(taskAssigned).length;
    expect(await given({ labels: { tier: 'gold' }, tolerations: ['dedicated'] })).toBe(1);
    expect(await given({ labels: { tier: 'gold' } })).toBe(0);
    expect(await given({ labels: { tier: 'silver' }, tolerations: ['dedicated'] })).toBe(0);
  });

  it('SCH-48: online inference shares a GPU once a heartbeat has told that it is idle for 40 % of its time', async () => {
    const worker = { slots: 4, devices: [{ mode: 'shared' as const }] };
    const s = await offered({ gpuUse: 'shared', gpuMilli: 250, purpose: 'inference' }, worker);
    const leases = [{ taskId: idOf(1), attempt: 1, epoch: 1 }];
    await s.heartbeat({ incarnation: idOf(0xa1), leases, measuredIdlePercent: 35 });
    for (const n of [2, 3]) await s.request(n, { needs: { gpus: 1, vramMiB: GIB } });
    expect(s.of(taskAssigned)).toHaveLength(1);
    await s.clock.advance(1_000);
    await s.heartbeat({ incarnation: idOf(0xa1), leases, measuredIdlePercent: 40 });
    await s.clock.advance(1_000);
    expect(s.of(taskAssigned).map(({ devices }) => devices)).toEqual([[0], [0], [0]]);
  });

  it('VEC-20, SCH-42: two of 15 GB do not share 24 GB, however idle', async () => {
    const worker = { slots: 4, vramMiB: 24 * GIB, devices: [{ mode: 'shared' as const }] };
    const s = await offered({ gpuUse: 'shared', gpuMilli: 250 }, worker, 15 * GIB);
    await s.request(2, { needs: { gpus: 1, vramMiB: 15 * GIB } });
    expect(s.of(taskAssigned)).toHaveLength(1);
    await s.request(3, { needs: { gpus: 1, vramMiB: 9 * GIB } });
    expect(s.of(taskAssigned)).toHaveLength(2);
  });

  it('a worker that tells its GPUs runs a task on each, not one more, however many slots it has', async () => {
    const s = await offered({}, { gpus: 2, slots: 8, devices: [{ mode: 'whole' }, { mode: 'whole' }] });
    for (const n of [2, 3]) await s.request(n);
    expect(s.of(taskAssigned).map(({ devices }) => devices)).toEqual([[0], [1]]);
  });
});
