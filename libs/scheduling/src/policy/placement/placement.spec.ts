import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { idleGpus, told } from '../../testing/told-decisions.js';
import { decide } from '../decide.js';
import type { GpuView, PendingTask, TaskDemands, WorkerView } from '../snapshot.js';

const GIB = 1024;
const POLICY = { maxPlacements: 1_000 };

function decided(pending: readonly PendingTask[], workers: readonly WorkerView[]): readonly string[] {
  return told(decide({ pending, workers }, POLICY, 0));
}

function task(number: number, vramGib: number, demands: TaskDemands = {}, gpus = 1): PendingTask {
  return aPendingTask(number, { needs: { gpus, vramMiB: vramGib * GIB }, demands });
}

function worker(
  number: number,
  vramGib: number,
  devices: readonly GpuView[],
  more: Partial<WorkerView> = {},
): WorkerView {
  return aWorkerView(number, { gpus: devices.length, vramMiB: vramGib * GIB, slots: 64, devices, ...more });
}

function migGpu(sizesGib: readonly number[], busy = 0): GpuView {
  const slices = sizesGib.map((gib, at) => ({ vramMiB: gib * GIB, busy: at < busy }));
  return { mode: 'mig', freeMilli: 0, freeVramMiB: 0, slices };
}

const a10g = worker(1, 24, idleGpus(1, 24 * GIB));
const shared = worker(1, 24, idleGpus(1, 24 * GIB, { mode: 'shared' }));
const a100 = worker(1, 40, idleGpus(1, 40 * GIB));
const half = worker(1, 40, [migGpu([20])]);
const sharing = { gpuUse: 'shared' } as const;
const slicing = { gpuUse: 'slice' } as const;

describe('placement by memory', () => {
  it.each([
    ['ti2v 720P on an A10G', [task(1, 22)], a10g, ['1@worker-00001/0']],
    [
      'one of two ti2v 480P on a sliced A10G',
      [task(1, 15, sharing), task(2, 15, sharing)],
      shared,
      ['1@worker-00001/0', '2:pool_busy'],
    ],
    ['ti2v 480P on a slice of 20 GB', [task(1, 15, slicing)], half, ['1@worker-00001/0']],
    ['not ti2v 720P on a slice of 20 GB', [task(1, 22, slicing)], half, ['1:no_fitting_worker']],
    ['A14B on an A100 of 40 GB without headroom', [task(1, 40)], a100, ['1@worker-00001/0']],
    ['not A14B on an A10G', [task(1, 40)], a10g, ['1:no_fitting_worker']],
  ])('VEC-20: %s', (_, tasks, machine, want) => {
    expect(decided(tasks, [machine])).toEqual(want);
  });

  it('SCH-49: gives memory of a shared GPU to nobody twice, although its time would do', () => {
    const tasks = [task(1, 10, sharing), task(2, 10, sharing), task(3, 5, sharing), task(4, 4, sharing)];
    expect(decided(tasks, [shared])).toEqual(['1@worker-00001/0', '2@worker-00001/0', '3:pool_busy', '4:pool_busy']);
    expect(
      decided([task(1, 6, sharing)], [worker(1, 24, [{ mode: 'shared', freeMilli: 1000, freeVramMiB: 5 * GIB }])]),
    ).toEqual(['1:pool_busy']);
  });
});

describe('time slicing', () => {
  it('SCH-42: has four replicas of a GPU, however small the tasks', () => {
    const tasks = [1, 2, 3, 4, 5].map((number) => task(number, 1, { ...sharing, gpuMilli: 100 }));
    expect(decided(tasks, [shared]).filter((text) => text.includes('@'))).toHaveLength(4);
    const full = worker(1, 24, idleGpus(1, 24 * GIB, { mode: 'shared', freeMilli: 600, sharers: 4 }));
    expect(decided([task(1, 1, sharing)], [full])).toEqual(['1:pool_busy']);
  });

  it('SCH-42: gives training a GPU for itself: neither joins nor is joined', () => {
    const training = task(1, 1, { ...sharing, purpose: 'training' });
    expect(decided([training, task(2, 1, sharing)], [shared])).toEqual(['1@worker-00001/0', '2:pool_busy']);
    const used = worker(1, 24, [{ mode: 'shared', freeMilli: 750, freeVramMiB: 23 * GIB, sharers: 1 }]);
    expect(decided([training], [used])).toEqual(['1:pool_busy']);
  });

  it('SCH-48: keeps online inference alone until its GPUs were measured idle', () => {
    const tasks = [1, 2].map((number) => task(number, 1, { ...sharing, purpose: 'inference' }));
    const idle = (measuredIdlePercent: number): WorkerView => ({ ...shared, measuredIdlePercent });
    expect(decided(tasks, [idle(10)])).toEqual(['1@worker-00001/0', '2:pool_busy']);
    expect(decided(tasks, [idle(60)])).toEqual(['1@worker-00001/0', '2@worker-00001/0']);
  });

  it('fills a GPU that is shared already before it opens another', () => {
    const two = worker(1, 24, [
      ...idleGpus(1, 24 * GIB, { mode: 'shared' }),
      { mode: 'shared', freeMilli: 500, freeVramMiB: 20 * GIB, sharers: 1 },
    ]);
    const mix = [task(1, 2, sharing), task(2, 24)];
    expect(decided(mix, [two])).toEqual(['1@worker-00001/1', '2@worker-00001/0']);
  });
});

describe('MIG slices', () => {
  it('SCH-43: gives each slice to one task', () => {
    const halves = worker(1, 40, [migGpu([20, 20])]);
    const tasks = [1, 2, 3].map((number) => task(number, 15, slicing));
    expect(decided(tasks, [halves])).toEqual(['1@worker-00001/0', '2@worker-00001/0', '3:pool_busy']);
    expect(decided(tasks.slice(0, 2), [worker(1, 40, [migGpu([20, 20], 1)])])).toEqual([
      '1@worker-00001/0',
      '2:pool_busy',
    ]);
  });

  it('SCH-44: takes the smallest slice that holds the task, and a slice before a whole GPU', () => {
    const mixed = worker(1, 40, [...idleGpus(1, 40 * GIB), migGpu([20, 10, 5])]);
    const decisions = decide({ pending: [task(1, 9, slicing)], workers: [mixed] }, POLICY, 0);
    expect(told(decisions)).toEqual(['1@worker-00001/1']);
    const apart = worker(1, 40, [migGpu([20]), migGpu([10])]);
    expect(decided([task(1, 9, slicing)], [apart])).toEqual(['1@worker-00001/1']);
    expect(decided([task(1, 9, slicing), task(2, 15, slicing)], [apart])).toEqual([
      '1@worker-00001/1',
      '2@worker-00001/0',
    ]);
    const four = [1, 2, 3, 4].map((number) => task(number, 5, slicing));
    expect(decided(four, [mixed])).toEqual(
      ['1', '2', '3'].map((n) => `${n}@worker-00001/1`).concat('4@worker-00001/0'),
    );
  });
});

describe('GPUs of one worker', () => {
  it('are given to as many tasks as there are, whatever the slots', () => {
    const tasks = [task(1, 1, {}, 2), task(2, 1), task(3, 1)];
    expect(decided(tasks, [worker(1, 24, idleGpus(3, 24 * GIB))])).toEqual([
      '1@worker-00001/0,1',
      '2@worker-00001/2',
      '3:pool_busy',
    ]);
    expect(decided(tasks, [worker(1, 24, idleGpus(4, 24 * GIB), { slots: 2, usedSlots: 1 })])).toEqual([
      '1@worker-00001/0,1',
      '2:pool_busy',
      '3:pool_busy',
    ]);
  });

  it('SCH-50: are not used while they are out of service', () => {
    const gpus = idleGpus(3, 24 * GIB).map((gpu, at) => ({ ...gpu, faulty: at === 0 }));
    expect(decided([task(1, 1, {}, 2), task(2, 1, {}, 3)], [worker(1, 24, gpus)])).toEqual([
      '1@worker-00001/1,2',
      '2:no_fitting_worker',
    ]);
  });

  it('TYP-23: share its CPU and memory, also over slices and whole GPUs', () => {
    const machine = { cpuMilli: 8_000, freeCpuMilli: 6_000, ramMiB: 64 * GIB, freeRamMiB: 64 * GIB };
    const mixed = worker(1, 40, [...idleGpus(1, 40 * GIB), migGpu([20])], machine);
    const cpu = { cpuMilli: 4_000 };
    expect(decided([task(1, 20, { ...cpu, ...slicing }), task(2, 40, cpu)], [mixed])).toEqual([
      '1@worker-00001/1',
      '2:pool_busy',
    ]);
    const ram = { ramMiB: 40 * GIB };
    expect(decided([task(1, 20, { ...ram, ...slicing }), task(2, 40, ram)], [mixed])).toEqual([
      '1@worker-00001/1',
      '2:pool_busy',
    ]);
  });

  it('TYP-23: are told apart by what is free, though nobody tells how much there is', () => {
    const workers = [aWorkerView(1, { freeCpuMilli: 0 }), aWorkerView(2, { freeCpuMilli: 4_000 })];
    expect(decided([task(1, 1, { cpuMilli: 4_000 }), task(2, 1, { cpuMilli: 4_000 })], workers)).toEqual([
      '1@worker-00002',
      '2:pool_busy',
    ]);
  });

  it('SCH-41: come from one NVLink group where one has room, the one that it fills best', () => {
    const groups = [0, 0, 0, 0, 1, 1, 1, 1];
    const gpus = (busy: readonly number[]): readonly GpuView[] =>
      idleGpus(8, 24 * GIB).map((gpu, at) => ({
        ...gpu,
        nvlinkGroup: groups[at] ?? 0,
        ...(busy.includes(at) ? { freeMilli: 0, freeVramMiB: 0 } : {}),
      }));
    expect(decided([task(1, 1, {}, 2)], [worker(1, 24, gpus([0, 5, 7]))])).toEqual(['1@worker-00001/4,6']);
    expect(decided([task(1, 1, {}, 3)], [worker(1, 24, gpus([0, 5]))])).toEqual(['1@worker-00001/1,2,3']);
    expect(decided([task(1, 1, {}, 4)], [worker(1, 24, gpus([0, 5]))])).toEqual(['1@worker-00001/1,2,3,4']);
  });
});

describe('what makes one place better than another', () => {
  const model = { model: 'wan@1' };
  const one = (number: number, more: Partial<WorkerView> = {}): WorkerView => aWorkerView(number, more);

  function reasons(tasks: readonly PendingTask[], workers: readonly WorkerView[]): readonly string[] {
    return decide({ pending: tasks, workers }, POLICY, 0).map((decision) => {
      return `${decision.kind === 'place' ? decision.worker.workerId : '-'} ${decision.reason}`;
    });
  }

  it('is that the model is loaded', () => {
    const workers = [one(1), one(2, { loadedModels: ['wan@1'] })];
    expect(reasons([aPendingTask(1, model)], workers)).toEqual(['worker-00002 warm_model']);
    expect(reasons([aPendingTask(1, { model: 'other@1' })], workers)).toEqual(['worker-00001 first_fitting_worker']);
  });

  it('lets the task go first whose model is loaded, of two that are as long', () => {
    const tasks = [
      aPendingTask(1, { model: 'other@1', predictedGpuMs: 10_000 }),
      aPendingTask(2, { ...model, predictedGpuMs: 10_000 }),
    ];
    expect(decided(tasks, [one(1, { loadedModels: ['wan@1'] })])).toEqual(['2@worker-00001', '1:pool_busy']);
    expect(decided(tasks, [one(1)])).toEqual(['1@worker-00001', '2:pool_busy']);
  });

  it('SCH-45: is that it ran the same type before', () => {
    const workers = [
      one(1, { recentTaskTypes: ['noop'], taskTypes: ['noop', 'ti2v-5B'] }),
      one(2, { recentTaskTypes: ['ti2v-5B'] }),
    ];
    expect(reasons([aPendingTask(1)], workers)).toEqual(['worker-00002 same_type']);
  });

  it('SCH-45: within a cycle too: what is placed keeps its worker for its type', () => {
    const both = { taskTypes: ['a', 'b'], slots: 2 };
    const tasks = ['a', 'b', 'a', 'b'].map((taskType, at) => aPendingTask(at + 1, { taskType }));
    expect(decided(tasks, [one(1, both), one(2, both)])).toEqual([
      '1@worker-00001',
      '2@worker-00002',
      '3@worker-00001',
      '4@worker-00002',
    ]);
  });

  it('is that it leaves whole machines for those who need them', () => {
    const machines = [worker(1, 24, idleGpus(8, 24 * GIB)), worker(2, 24, gpusWithBusy(8, 5))];
    const tasks = [
      aPendingTask(1, { needs: { gpus: 2, vramMiB: 1 } }),
      aPendingTask(2, { needs: { gpus: 8, vramMiB: 1 } }),
    ];
    expect(decided(tasks, machines)).toEqual(['1@worker-00002/5,6', '2@worker-00001/0,1,2,3,4,5,6,7']);
  });

  it('SCH-46: is a wish that is met, by its weight', () => {
    const wish = { demands: { prefers: [{ minGpus: 3, weight: 100 }] } };
    const workers = [one(1, { gpus: 2 }), one(2, { gpus: 4 })];
    expect(decided([aPendingTask(1, wish)], workers)).toEqual(['1@worker-00002']);
    expect(decided([aPendingTask(1)], workers)).toEqual(['1@worker-00001']);
    const label = { demands: { prefers: [{ label: ['disk', 'nvme'] as const, weight: 1 }] } };
    expect(decided([aPendingTask(1, label)], [one(1), one(2, { labels: { disk: 'nvme' } })])).toEqual([
      '1@worker-00002',
    ]);
  });
});

function gpusWithBusy(count: number, busy: number): readonly GpuView[] {
  return idleGpus(count, 24 * GIB).map((gpu, at) => (at < busy ? { ...gpu, freeMilli: 0, freeVramMiB: 0 } : gpu));
}

describe('why a task waits', () => {
  it('tells how many workers each filter refused', () => {
    const workers = [aWorkerView(1, { vramMiB: 1 }), aWorkerView(2, { vramMiB: 2 }), aWorkerView(3, { alive: false })];
    const [decision] = decide({ pending: [aPendingTask(1)], workers }, POLICY, 0);
    expect(decision).toMatchObject({ reason: 'no_fitting_worker', evidence: { vram: 2, not_alive: 1 } });
  });

  it.each([
    ['scaling_up', 'pool_scaling_up'],
    ['no_spot_capacity', 'no_spot_capacity'],
    ['batch_not_triggered', 'batch_not_triggered'],
    ['paused', 'paused_pool'],
    ['ready', 'no_fitting_worker'],
  ] as const)('tells what capacity says of a pool that is %s', (condition, reason) => {
    const pools = [{ pool: 'local', taskTypes: ['ti2v-5B'], condition }];
    expect(told(decide({ pending: [aPendingTask(1)], workers: [], pools }, POLICY, 0))).toEqual([`1:${reason}`]);
  });

  it('tells what capacity says of a pool also where its workers are only busy', () => {
    const pools = [{ pool: 'local', taskTypes: ['ti2v-5B'], condition: 'scaling_up' as const }];
    const snapshot = { pending: [aPendingTask(1)], workers: [aWorkerView(1, { slots: 1, usedSlots: 1 })] };
    expect(told(decide({ ...snapshot, pools }, POLICY, 0))).toEqual(['1:pool_scaling_up']);
    expect(told(decide(snapshot, POLICY, 0))).toEqual(['1:pool_busy']);
  });

  it('places nothing in a pool that is paused', () => {
    const pools = [{ pool: 'local', taskTypes: ['ti2v-5B'], condition: 'paused' as const }];
    const snapshot = { pending: [aPendingTask(1)], workers: [aWorkerView(1)], pools };
    expect(told(decide(snapshot, POLICY, 0))).toEqual(['1:paused_pool']);
  });
});
