import { describe, expect, it } from '@jest/globals';
import { WAITING_CODES } from '@millrace/contracts';
import type { TenantId } from '@millrace/kernel';
import type { Wait } from '../policy/decision.js';
import { DEFAULT_ORDERING } from '../policy/ordering/ordering-policy.js';
import { EstimateRecord } from '../policy/prediction/queue-estimate.js';
import { WAITING_REASONS, type WaitingCode } from '../policy/waiting-reasons.js';
import { aPendingTask, aWorker } from '../testing/builders.js';
import { forecastQueue } from './forecast-queue.js';
import type { LaneCount } from './ports/task-store.port.js';
import type { WorkerTraits } from './ports/worker-store.port.js';
import { laneFacts } from './queue-lanes.js';

const NOW = Date.UTC(2026, 0, 1, 0, 1);

function wait(number: number, tenantId: string, reason: WaitingCode = 'pool_busy', taskType = 'a'): Wait {
  return { kind: 'wait', reason, task: aPendingTask(number, { tenantId, taskType, predictedGpuMs: 10_000 }) };
}

function forecast(waits: readonly Wait[], gpus = 2, traits: WorkerTraits = {}) {
  const worker = { ...aWorker({ taskTypes: ['a', 'b'], gpus, slots: gpus, traits }), usedSlots: 0 };
  return forecastQueue({
    ...{ waits, running: [], workers: gpus === 0 ? [] : [worker], now: NOW },
    predictionOf: () => ({ p50GpuMs: 10_000, p90GpuMs: 12_000, basis: 'history', samples: 9 }),
    ordering: { ...DEFAULT_ORDERING, slackGpuSeconds: 0 },
    shares: [],
    record: new EstimateRecord(),
  });
}

function lane(tenants: Readonly<Record<string, number>>, taskType = 'a'): LaneCount {
  const counts = Object.entries(tenants).map(([tenantId, waiting]) => ({
    ...{ tenantId: tenantId as TenantId, waiting, running: 0, waitingGpuMs: waiting * 10_000 },
  }));
  const waiting = counts.reduce((sum, count) => sum + count.waiting, 0);
  return { taskType, priority: 0, waiting, running: 1, oldestRequestedAt: NOW, tenants: counts };
}

describe('the queue as it is told', () => {
  it('SCH-39: has one vocabulary: the codes of the contracts are those of the policy', () => {
    expect(Object.keys(WAITING_REASONS).toSorted()).toEqual(WAITING_CODES.toSorted());
  });

  it('serves tenants in turn and counts what is ahead of each task', () => {
    const waits = [wait(1, 'x'), wait(2, 'x'), wait(3, 'x'), wait(4, 'y')];
    const places = forecast(waits).map(({ wait: { task }, position, aheadGpuSeconds }) => [
      task.tenantId,
      position,
      aheadGpuSeconds,
    ]);
    expect(places).toEqual([
      ['x', 1, 0],
      ['y', 2, 10],
      ['x', 3, 20],
      ['x', 4, 30],
    ]);
  });

  it('tells when half and nine of ten start and finish, and not where nothing that runs will serve it', () => {
    const [first, second] = forecast([wait(1, 'x'), wait(2, 'x')]);
    expect(first).toMatchObject({ startS: { p50: 0 }, finishS: { p50: 10 }, basis: 'history' });
    expect(second).toMatchObject({ startS: { p50: 5 }, finishS: { p50: 15 } });
    expect(second?.finishS?.p90).toBeGreaterThan(15);
    expect(forecast([wait(1, 'x', 'tenant_quota')])[0]).toMatchObject({
      position: 1,
      startS: undefined,
      finishS: undefined,
    });
    expect(forecast([wait(1, 'x')], 0)[0]?.startS).toBeUndefined();
  });

  it('SCH-50: counts on no GPU that is out of service, nor promises a start where all are', () => {
    const out = (...gpus: readonly number[]): WorkerTraits => ({
      devices: [{ mode: 'whole' }, { mode: 'whole' }],
      faults: gpus.map((gpu) => ({ gpu, code: 'xid', permanent: false, since: NOW, detail: '' })),
    });
    const waits = [wait(1, 'x'), wait(2, 'x')];
    expect(forecast(waits, 2, out(1))[1]).toMatchObject({ startS: { p50: 10 }, finishS: { p50: 20 } });
    expect(forecast(waits, 2, out(0, 1))[1]?.finishS).toBeUndefined();
    const { faults = [] } = out(1);
    expect(forecast(waits, 2, { faults })[1]?.finishS).toBeUndefined();
  });

  it('types that share a worker are one queue, others are not', () => {
    const waits = [wait(1, 'x'), wait(2, 'x', 'pool_busy', 'b'), wait(3, 'x', 'no_fitting_worker', 'c')];
    expect(forecast(waits).map(({ wait: { task }, position }) => [task.taskType, position])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ]);
  });

  it("tells a lane's reason, but no tenant's own affair", () => {
    const waits = [wait(1, 'x', 'tenant_quota'), wait(2, 'y', 'retry_backoff'), wait(3, 'y')];
    const [told] = laneFacts([lane({ x: 1, y: 2 })], waits, forecast(waits));
    expect(told?.waitingReason?.code).toBe('pool_busy');
    expect(told?.tenants?.map(({ tenantId, waitingReason }) => [tenantId, waitingReason?.code])).toEqual([
      ['x', 'tenant_quota'],
      ['y', 'pool_busy'],
    ]);
    expect(laneFacts([lane({ x: 1 })], waits.slice(0, 1), [])[0]).not.toHaveProperty('waitingReason');
  });

  it('brings the evidence of a reason', () => {
    const unfit: Wait = { ...wait(1, 'x', 'no_fitting_worker'), evidence: { vram: 3 } };
    const [told] = laneFacts([lane({ x: 1 })], [unfit], forecast([unfit]));
    expect(told?.waitingReason).toMatchObject({ code: 'no_fitting_worker', evidence: { vram: 3 } });
  });

  it("stretches a tenant's last place by what the cycle did not look at", () => {
    const waits = [wait(1, 'x'), wait(2, 'x')];
    const [told] = laneFacts([lane({ x: 20 })], waits, forecast(waits));
    const { first, last } = told?.tenants?.[0] ?? {};
    expect(first).toMatchObject({ position: 1, aheadGpuSeconds: 0 });
    expect(last).toMatchObject({ position: 20, aheadGpuSeconds: 100, finishS: { p50: 150 } });
  });

  it("tells whether a tenant's tasks are served in the order of their requests", () => {
    const inOrder = (tasks: readonly { at: number; gpuMs: number }[], unseen: readonly number[] = []) => {
      const waits = tasks.map(({ at, gpuMs }, n): Wait => {
        const { task } = wait(n + 1, 'x');
        return { kind: 'wait', reason: 'pool_busy', task: { ...task, requestedAt: NOW + at, predictedGpuMs: gpuMs } };
      });
      const lengths = [...tasks.map(({ gpuMs }) => gpuMs), ...unseen];
      const counted = lane({ x: lengths.length });
      const waitingGpuMs = lengths.reduce((sum, ms) => sum + ms, 0);
      const tenants = counted.tenants.map((count) => ({ ...count, waitingGpuMs }));
      return laneFacts([{ ...counted, tenants }], waits, forecast(waits))[0]?.tenants?.[0]?.inRequestOrder;
    };
    const [early, late] = [
      { at: 1, gpuMs: 5_000 },
      { at: 2, gpuMs: 5_000 },
    ];
    expect(inOrder([early, late])).toBe(true);
    expect(inOrder([early, { ...late, gpuMs: 1_000 }])).toBe(false);
    // The middle one was requested first and is served second.
    expect(inOrder([early, { at: 0, gpuMs: 6_000 }, { at: 9, gpuMs: 7_000 }])).toBe(false);
    expect(inOrder([early, late], [5_000, 5_000])).toBe(true);
    expect(inOrder([early, late], [5_000, 5_001])).toBe(false);
  });

  it('tells of 250 tenants at most, those that are served first', () => {
    const waits = Array.from({ length: 300 }, (_, n) => wait(n + 1, `t${n}`));
    const counts = Object.fromEntries(waits.map(({ task }) => [task.tenantId ?? '', 1]));
    const [told] = laneFacts([lane(counts)], waits, []);
    expect(told?.tenants).toHaveLength(250);
    expect(told?.tenants?.some(({ tenantId }) => tenantId === 't280')).toBe(false);
  });
});
