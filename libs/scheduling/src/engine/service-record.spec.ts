import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@millrace/kernel';
import type { Attempt } from '../domain/attempt.js';
import type { Task } from '../domain/task.js';
import { DEFAULT_ORDERING } from '../policy/ordering/ordering-policy.js';
import { aHolder, aPendingTask, aRequest, aTask, taskIdOf } from '../testing/builders.js';
import { transition } from '../domain/transition.js';
import type { TaskForecast } from './forecast-queue.js';
import type { RunningLease } from './ports/lease-store.port.js';
import { ServiceRecord } from './service-record.js';

const ordering = { ...DEFAULT_ORDERING, weights: new Map([['heavy', 2]]) };
const key = { taskType: 'ti2v-5B', model: 'demo-video@1', resolution: null, frames: null, steps: null, pool: 'local' };

function closure(tenantId: string, gpuMs: number, predictedMs = 10_000) {
  const prediction = { p50GpuMs: predictedMs, p90GpuMs: predictedMs, basis: 'history', samples: 9 } as const;
  const queued = aTask({ tenantId: tenantId as TenantId, prediction });
  const task: Task = {
    ...transition(queued, { kind: 'leased', holder: aHolder(), reason: 's' }, 0).next,
    state: 'completed',
  };
  const attempt = { ...(task.attempts[0] as Attempt), gpuMs };
  return { task, attempt, runGpuMs: gpuMs };
}

describe('what the leader remembers of service', () => {
  it('foretells by the profile that the request brings, then by the runs that ended', () => {
    const record = new ServiceRecord(ordering);
    expect(record.foretell(aRequest(), undefined)).toMatchObject({ p50GpuMs: 180_000, basis: 'profile' });
    expect(record.foretell(aRequest(), 10)).toMatchObject({
      p50GpuMs: 10_000,
      p90GpuMs: 20_000,
      basis: 'profile',
      samples: 0,
    });
    // A request without a figure has the one last told of its type.
    expect(record.foretell(aRequest(), undefined).p50GpuMs).toBe(10_000);
    record.closed(
      Array.from({ length: 50 }, () => closure('a', 2_000)),
      0,
    );
    const learnt = record.foretell(aRequest(), 10);
    expect(learnt).toMatchObject({ basis: 'history', samples: 50 });
    expect(learnt.p50GpuMs).toBeLessThan(2_500);
  });

  it('a new leader foretells as the old one did', () => {
    const old = new ServiceRecord(ordering);
    const gpuMs = Array.from({ length: 20 }, (_, n) => 1_000 * (n + 1));
    old.closed(
      gpuMs.map((ms) => closure('a', ms)),
      0,
    );
    const next = new ServiceRecord(ordering);
    next.rebuild([{ key, gpuMs }], [], []);
    expect(next.foretell(aRequest(), 10)).toEqual(old.foretell(aRequest(), 10));
  });

  it('SCH-39: a new leader sets the tenants as far apart as they were served and are being served, by weight', () => {
    const record = new ServiceRecord(ordering);
    const served = [
      { priority: 0, tenantId: 'heavy', gpuMs: 8_000 },
      { priority: 0, tenantId: 'light', gpuMs: 3_000 },
      { priority: 1, tenantId: 'light', gpuMs: 1_000 },
    ];
    const running = { priority: 0, tenantId: 'light', prediction: { p50GpuMs: 4_000 } } as RunningLease;
    record.rebuild([], served, [running]);
    expect(record.shares).toEqual([
      { priority: 0, pool: '', virtualGpuSeconds: 4, tenants: { heavy: 4, light: 7 } },
      { priority: 1, pool: '', virtualGpuSeconds: 1, tenants: { light: 1 } },
    ]);
  });

  it('charges what an attempt took instead of what was foretold, by weight and never into credit', () => {
    const record = new ServiceRecord(ordering);
    const share = (tenants: Readonly<Record<string, number>>) => [
      { priority: 0, pool: '', virtualGpuSeconds: 5, tenants },
    ];
    record.decided(share({ heavy: 20, light: 20 }));
    record.closed([closure('heavy', 30_000), closure('light', 30_000)], 0);
    expect(record.shares).toEqual(share({ heavy: 30, light: 40 }));
    record.closed([closure('light', 0, 100_000), closure('stranger', 99_000), closure('early', 5_000)], 0);
    // One whose lead is gone is still charged for what was not foretold; one that took less gets no credit.
    expect(record.shares).toEqual(share({ heavy: 30, light: 5, stranger: 94 }));
  });

  it('QUE-13: settles a lifted task in the class that it was served and charged in', () => {
    const record = new ServiceRecord(ordering);
    const share = (priority: number, acme: number) => ({
      ...{ priority, pool: '', virtualGpuSeconds: 5, tenants: { acme } },
    });
    record.decided([share(1, 20), share(0, 20)]);
    const { task, attempt, runGpuMs } = closure('acme', 30_000);
    const waited = (hours: number) => ({ ...attempt, leasedAt: task.requestedAt + hours * 3_600_000 });
    record.closed([{ task, attempt: waited(12), runGpuMs }], 0);
    expect(record.shares).toEqual([share(1, 20), share(0, 40)]);
    record.closed([{ task, attempt: waited(12.1), runGpuMs }], 0);
    expect(record.shares).toEqual([share(1, 40), share(0, 40)]);
  });

  const forecast = (p90: number, id = closure('a', 1_000).task.id): TaskForecast => ({
    wait: { kind: 'wait', task: aPendingTask(1, { id }), reason: 'pool_busy' },
    ...{ position: 1, aheadGpuSeconds: 0, startS: { p50: 0, p90: 0 }, finishS: { p50: 1, p90 } },
    ...{ plainSeconds: 1, basis: 'history' },
  });

  it('holds estimates against what came', () => {
    const record = new ServiceRecord(ordering);
    record.foretold([forecast(10)], 0);
    // The first estimate counts, not the last one before the end.
    record.foretold([forecast(1)], 5_000);
    expect(record.closed([closure('a', 1_000)], 10_000)).toEqual({ withinP90: 1, late: 0 });
    expect(record.closed([closure('a', 1_000)], 10_000)).toEqual({ withinP90: 0, late: 0 });
    record.foretold([forecast(10)], 0);
    expect(record.closed([closure('a', 1_000)], 10_001)).toEqual({ withinP90: 0, late: 1 });
  });

  it('widens what is told next as soon as a task is late, although it has not ended', () => {
    const record = new ServiceRecord(ordering);
    record.foretold([forecast(10)], 0);
    record.foretold([], 10_000);
    expect(record.estimates.record.width).toBe(1);
    record.foretold([], 10_001);
    expect(record.estimates.record.width).toBeGreaterThan(1);
  });

  it('learns nothing of estimates whose tasks failed, or that were told before a take-over', () => {
    const record = new ServiceRecord(ordering);
    const { task, ...rest } = closure('a', 1_000);
    record.foretold([forecast(10)], 0);
    record.closed([{ ...rest, task: { ...task, state: 'failed' } }], 5_000);
    record.foretold([], 99_000);
    expect(record.estimates.record.width).toBe(1);
    record.foretold([forecast(10)], 99_000);
    record.rebuild([], [], []);
    record.foretold([], 199_000);
    expect(record.estimates.record.width).toBe(1);
    expect(record.closed([{ ...rest, task }], 199_000)).toEqual({ withinP90: 0, late: 0 });
  });

  it('keeps 10,000 estimates, the first: each publication tells all that wait, and learns of none twice', () => {
    const record = new ServiceRecord(ordering);
    const others = Array.from({ length: 10_000 }, (_, n) => forecast(10, taskIdOf(100 + n)));
    record.foretold([...others, forecast(10)], 0);
    expect(record.closed([closure('a', 1_000)], 1_000)).toEqual({ withinP90: 0, late: 0 });
    record.foretold([...others, forecast(10)], 20_000);
    const { width } = record.estimates.record;
    record.foretold([...others, forecast(10)], 40_000);
    expect(record.estimates.record.width).toBe(width);
    record.endedWaiting([taskIdOf(100)]);
    record.foretold([forecast(10)], 50_000);
    expect(record.closed([closure('a', 51_000)], 51_000).withinP90).toBe(1);
  });

  it('learns again a day after tasks that never ran were late', () => {
    const record = new ServiceRecord(ordering);
    record.foretold(
      Array.from({ length: 10_000 }, (_, n) => forecast(10, taskIdOf(100 + n))),
      0,
    );
    const laterMs = 2 * 86_400_000;
    record.foretold([forecast(10)], laterMs);
    expect(record.closed([closure('a', laterMs + 1_000)], laterMs + 1_000).withinP90).toBe(1);
  });

  it('forgets the estimates of tasks that ended while they waited', () => {
    const record = new ServiceRecord(ordering);
    record.foretold([forecast(10)], 0);
    record.endedWaiting([closure('a', 1_000).task.id]);
    expect(record.closed([closure('a', 1_000)], 1_000)).toEqual({ withinP90: 0, late: 0 });
  });

  it('SCH-45: knows the last task types of a worker, and only of workers that are there', () => {
    const record = new ServiceRecord(ordering);
    for (const type of ['a', 'b', 'a', 'c', 'd', 'e']) record.placed('w', type);
    expect(record.recentTypes('w')).toEqual(['e', 'd', 'c', 'a']);
    record.keepWorkers(new Set());
    expect(record.recentTypes('w')).toBeUndefined();
  });
});
