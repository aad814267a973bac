import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@millrace/kernel';
import { aWorker, idOf, taskIdOf } from '../testing/builders.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { WorkerTraits } from './ports/worker-store.port.js';
import { DEFAULT_SCHEDULING_POLICY } from './scheduling-policy.js';
import { quotasInUse, resourcesOf, tellsResources, toRunningTask } from './worker-view.js';

const worker = (traits: WorkerTraits) => ({ ...aWorker({ traits, vramMiB: 40_000 }), usedSlots: 0 });

function lease(number: number, overrides: Partial<RunningLease> = {}): RunningLease {
  return {
    ...{ taskId: taskIdOf(number), epoch: 1, incarnation: idOf(0xa1), tenantId: 'acme' as TenantId, costCentre: 'ci' },
    ...{ taskType: 'whole', priority: -1, needs: { gpus: 1, vramMiB: 10_000 }, leasedAt: 1_000, startedAt: 2_000 },
    ...{
      gpuMs: 0,
      prediction: { p50GpuMs: 60_000, p90GpuMs: 90_000, basis: 'history', samples: 9 },
      preemptions: 0,
      stopAskedAt: null,
    },
    ...overrides,
  };
}

const demands = new Map([
  ['whole', { cpuMilli: 4_000, ramMiB: 1_000 }],
  ['part', { gpuUse: 'shared' as const, gpuMilli: 100 }],
]);

describe('a worker as the policy sees it', () => {
  it('has no more than it tells: one that tells of slots alone is bound by them alone', () => {
    expect(resourcesOf(worker({}), [lease(1)], demands)).toEqual({});
    expect([tellsResources(worker({})), tellsResources(worker({ zone: 'z' }))]).toEqual([false, false]);
    expect(tellsResources(worker({ cpuMilli: 1 }))).toBe(true);
  });

  it('TYP-23: has the CPU and memory that its leases leave', () => {
    const told = worker({ cpuMilli: 16_000, ramMiB: 8_000 });
    expect(resourcesOf(told, [lease(1), lease(2), lease(3, { taskType: 'part' })], demands)).toEqual({
      ...{ cpuMilli: 16_000, freeCpuMilli: 8_000, ramMiB: 8_000, freeRamMiB: 6_000 },
    });
  });

  it('has nothing left, and not less, where its leases take more than it tells: demands were raised meanwhile', () => {
    const told = worker({ cpuMilli: 4_000, ramMiB: 500 });
    expect(resourcesOf(told, [lease(1), lease(2)], demands)).toMatchObject({ freeCpuMilli: 0, freeRamMiB: 0 });
  });

  it('SCH-42, SCH-43, SCH-49: has of each GPU what the tasks on it leave', () => {
    const told = worker({
      devices: [
        { mode: 'whole' },
        { mode: 'whole', nvlinkGroup: 1 },
        { mode: 'shared' },
        { mode: 'mig', slicesMiB: [20_000, 10_000, 10_000] },
        { mode: 'whole', faulty: true },
      ],
    });
    const held = [
      lease(1, { devices: [1] }),
      lease(2, { taskType: 'part', devices: [2] }),
      lease(3, { taskType: 'part', devices: [2] }),
      lease(4, { devices: [3], needs: { gpus: 1, vramMiB: 9_000 } }),
      lease(5, { devices: [3], needs: { gpus: 1, vramMiB: 15_000 } }),
    ];
    expect(resourcesOf(told, held, demands).devices).toEqual([
      { mode: 'whole', freeMilli: 1_000, freeVramMiB: 40_000 },
      { mode: 'whole', freeMilli: 0, freeVramMiB: 0, nvlinkGroup: 1 },
      { mode: 'shared', freeMilli: 500, freeVramMiB: 20_000, sharers: 2 },
      {
        ...{ mode: 'mig', freeMilli: 0, freeVramMiB: 0 },
        slices: [
          { vramMiB: 10_000, busy: true },
          { vramMiB: 10_000, busy: false },
          { vramMiB: 20_000, busy: true },
        ],
      },
      { mode: 'whole', freeMilli: 1_000, freeVramMiB: 40_000, faulty: true },
    ]);
  });

  it('QUE-11: knows which of its tasks may stop, what that loses, and which are stopping', () => {
    const policy = { ...DEFAULT_SCHEDULING_POLICY, demands };
    expect(toRunningTask(lease(1, { gpuMs: 3_000, preemptions: 2 }), policy, 10_000)).toMatchObject({
      ...{ preemptible: true, startedAt: 2_000, unsavedMs: 5_000, preemptions: 2, expectedEndAt: 92_000 },
    });
    expect(toRunningTask(lease(1, { priority: 0 }), policy, 10_000).preemptible).toBe(false);
    expect(toRunningTask(lease(1), { ...policy, preemption: null }, 10_000).preemptible).toBe(false);
    expect(toRunningTask(lease(1, { startedAt: null }), policy, 10_000).startedAt).toBe(1_000);
    const told = lease(1, { stopAskedAt: 10_000 });
    expect(toRunningTask(told, policy, 129_999).stopping).toBe(true);
    // Its worker does not know the command: it is not counted on for ever.
    expect(toRunningTask(told, policy, 130_000)).not.toHaveProperty('stopping');
  });

  it('SCH-39: quotas count what their tenant or cost centre holds', () => {
    const held = [lease(1), lease(2, { tenantId: 'other' as TenantId, needs: { gpus: 2, vramMiB: 1 } })];
    const limits = [
      { scope: 'tenant', name: 'acme', gpus: 4 },
      { scope: 'namespace', name: 'ci', tasks: 9 },
      { scope: 'tenant', name: 'ci', gpus: 1 },
    ] as const;
    expect(quotasInUse(limits, held, demands)).toEqual([
      { ...limits[0], usedGpuMilli: 1_000, usedCpuMilli: 4_000, usedRamMiB: 1_000, usedTasks: 1 },
      { ...limits[1], usedGpuMilli: 3_000, usedCpuMilli: 8_000, usedRamMiB: 2_000, usedTasks: 2 },
      { ...limits[2], usedGpuMilli: 0, usedCpuMilli: 0, usedRamMiB: 0, usedTasks: 0 },
    ]);
  });
});
