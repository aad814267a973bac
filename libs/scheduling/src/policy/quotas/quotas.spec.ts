import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { told } from '../../testing/told-decisions.js';
import { decide } from '../decide.js';
import type { PendingTask, QuotaView } from '../snapshot.js';

const GIB = 1024;
const HOUR_MS = 3_600_000;
const NOTHING_USED = { usedGpuMilli: 0, usedCpuMilli: 0, usedRamMiB: 0, usedTasks: 0 };
const CI: QuotaView = { scope: 'namespace', name: 'ci', gpus: 8, cpuMilli: 16_000, ramMiB: 64 * GIB, ...NOTHING_USED };

function tenantQuota(gpus: number, more: Partial<QuotaView> = {}): QuotaView {
  return { scope: 'tenant', name: 'acme', gpus, ...NOTHING_USED, ...more };
}

function step(
  number: number,
  gpus: number,
  cpus: number,
  ramGib: number,
  more: Partial<PendingTask> = {},
): PendingTask {
  const demands = { cpuMilli: cpus * 1_000, ramMiB: ramGib * GIB };
  return aPendingTask(number, { needs: { gpus, vramMiB: 1 }, namespace: 'ci', demands, ...more });
}

function decided(pending: readonly PendingTask[], quotas: readonly QuotaView[], now = 0): readonly string[] {
  const workers = [aWorkerView(1, { gpus: 64, slots: 64 })];
  return told(decide({ pending, workers, quotas }, { maxPlacements: 100 }, now));
}

describe('quotas', () => {
  it('VEC-25: of three notebook steps of 4 GPUs, 8 CPUs and 32 GiB two run, and the third waits', () => {
    const steps = [1, 2, 3].map((number) => step(number, 4, 8, 32));
    expect(decided(steps, [CI])).toEqual(['1@worker-00001', '2@worker-00001', '3:tenant_quota']);
  });

  it('VEC-25: of steps of 1, 4 and 16 four run: CPU and memory are used up, 4 GPUs are not', () => {
    const steps = [1, 2, 3, 4, 5].map((number) => step(number, 1, 4, 16));
    expect(decided(steps, [CI]).filter((text) => text.includes('@'))).toHaveLength(4);
    expect(decided(steps.concat(step(6, 4, 0, 0)), [CI])).toContain('6@worker-00001');
    expect(decided(steps.concat(step(6, 5, 0, 0)), [CI])).toContain('6:tenant_quota');
  });

  it.each([
    ['GPUs', { usedGpuMilli: 7_500 }],
    ['CPU', { usedCpuMilli: 15_001 }],
    ['memory', { usedRamMiB: 64 * GIB - 1_023 }],
  ])('SCH-39: counts what runs already: %s', (_, used) => {
    const one = step(1, 1, 1, 1);
    expect(decided([one], [{ ...CI, ...used }])).toEqual(['1:tenant_quota']);
    expect(decided([one], [CI])).toEqual(['1@worker-00001']);
  });

  it('SCH-39: bounds tasks at once too, with a reason of its own', () => {
    const tasks = [1, 2].map((number) => aPendingTask(number, { tenantId: 'acme' }));
    expect(decided(tasks, [tenantQuota(9, { tasks: 1 })])).toEqual(['1@worker-00001', '2:tenant_concurrency']);
  });

  it('SCH-39: holds for tenant and namespace at once, and for nobody else', () => {
    const own = step(1, 2, 0, 0, { tenantId: 'acme' });
    expect(decided([own], [CI, tenantQuota(1)])).toEqual(['1:tenant_quota']);
    expect(decided([own], [{ ...CI, gpus: 1 }, tenantQuota(2)])).toEqual(['1:tenant_quota']);
    expect(decided([own], [CI, tenantQuota(2)])).toEqual(['1@worker-00001']);
    expect(decided([own], [{ ...tenantQuota(1), name: 'other' }])).toEqual(['1@worker-00001']);
  });

  it('lets smaller work of the tenant run, and everybody else, while one waits for its quota', () => {
    const tasks = [
      step(1, 4, 0, 0, { tenantId: 'acme' }),
      step(2, 2, 0, 0, { tenantId: 'acme' }),
      step(3, 4, 0, 0, { tenantId: 'other' }),
    ];
    expect(decided(tasks, [tenantQuota(3)]).toSorted()).toEqual(['1:tenant_quota', '2@worker-00001', '3@worker-00001']);
  });

  it('keeps the quota for what waited longer than its maximum: smaller work does not pass it forever', () => {
    const old = step(1, 4, 0, 0, { tenantId: 'acme', requestedAt: 0 });
    const young = step(2, 1, 0, 0, { tenantId: 'acme', requestedAt: 9 * HOUR_MS });
    const quota = { ...tenantQuota(4), usedGpuMilli: 1_000 };
    expect(decided([old, young], [quota], HOUR_MS)).toContain('2@worker-00001');
    expect(decided([old, young], [quota], 10 * HOUR_MS)).toEqual(['1:tenant_quota', '2:tenant_quota']);
  });

  it.each([
    ['interactive', 1, HOUR_MS / 4],
    ['normal', 0, 2 * HOUR_MS],
    ['low', -1, 8 * HOUR_MS],
  ])('QUE-13: keeps it from the moment on that the maximum wait of the class is over: %s', (_, priority, maxWaitMs) => {
    const tasks = [4, 1].map((gpus, at) => step(at + 1, gpus, 0, 0, { tenantId: 'acme', priority, requestedAt: at }));
    const quota = { ...tenantQuota(4), usedGpuMilli: 1_000 };
    expect(decided(tasks, [quota], maxWaitMs - 1)).toContain('2@worker-00001');
    expect(decided(tasks, [quota], maxWaitMs)).toContain('2:tenant_quota');
  });

  it('keeps nothing for what the whole quota could not hold: that waits alone', () => {
    const never = step(1, 4, 0, 0, { tenantId: 'acme', requestedAt: 0 });
    const young = step(2, 1, 0, 0, { tenantId: 'acme', requestedAt: 9 * HOUR_MS });
    expect(decided([never, young], [tenantQuota(3)], 10 * HOUR_MS)).toEqual(['1:tenant_quota', '2@worker-00001']);
  });

  it('counts a part of a GPU as that part', () => {
    const demands = { gpuUse: 'shared', gpuMilli: 500 } as const;
    const tasks = [1, 2, 3].map((number) => aPendingTask(number, { tenantId: 'acme', demands }));
    expect(decided(tasks, [tenantQuota(1)]).filter((text) => text.includes('@'))).toHaveLength(2);
  });

  it('SCH-40: counts a gang as a whole', () => {
    const gang = { id: 'g', size: 2 };
    const tasks = [1, 2].map((number) => step(number, 2, 0, 0, { tenantId: 'acme', gang }));
    expect(decided(tasks, [tenantQuota(3)])).toEqual(['1:tenant_quota', '2:tenant_quota']);
    expect(decided(tasks, [tenantQuota(4)])).toEqual(['1@worker-00001', '2@worker-00001']);
  });

  it('SCH-40: counts each gang by its own members, though two are alike in all but how many ask for what', () => {
    const member = (number: number, cpus: number, id: string) => {
      return step(number, 1, cpus, 0, { tenantId: 'acme', gang: { id, size: 3 } });
    };
    const tasks = [member(1, 4, 'g'), member(2, 4, 'g'), member(3, 1, 'g')];
    const others = [member(4, 4, 'h'), member(5, 1, 'h'), member(6, 1, 'h')];
    const placed = (cpuMilli: number) =>
      decided([...tasks, ...others], [{ ...tenantQuota(8), cpuMilli }]).filter((text) => text.includes('@')).length;
    expect([placed(15_000), placed(14_999)]).toEqual([6, 3]);
  });
});
