import { describe, expect, it } from '@jest/globals';
import { toIso } from '@millrace/kernel';
import { estimateS, queuePlace, waitingReason, type LaneFacts, type PoolFacts } from './queue-outlook.js';

const NOW = Date.UTC(2026, 0, 1);

function pool(overrides: Partial<PoolFacts> = {}): PoolFacts {
  return { pool: 'local', at: toIso(NOW), workers: 1, freeSlots: 0, lanes: [], ...overrides };
}
const lane: LaneFacts = {
  ...{ taskType: 'ti2v-5B', priority: 0, waiting: 2, running: 1 },
};
const task = { tenantId: 'acme', taskType: 'ti2v-5B', priority: 0, requestedAt: NOW - 10_000 };

describe('estimateS (API-02)', () => {
  it.each([
    ['an unknown queue: the type alone', [], 180],
    ['an idle worker', [pool({ freeSlots: 1 })], 180],
    ['three before it on one worker', [pool({ lanes: [lane] })], 720],
    ['three before it on three workers', [pool({ workers: 3, lanes: [lane] })], 360],
    ['low-priority tasks that wait do not count', [pool({ lanes: [{ ...lane, priority: -1 }] })], 360],
  ])('%s', (_name, pools, wanted) => {
    expect(estimateS(pools, 0, 180)).toBe(wanted);
  });
});

describe('waitingReason', () => {
  const busy = { code: 'pool_busy', text: 'Every worker that could run this task is busy.' };

  it('is what the scheduler says of the lane of the task, not of another one', () => {
    const pools = [pool(), pool({ pool: 'b', lanes: [{ ...lane, waitingReason: busy }] })];
    expect(waitingReason(pools, task)).toEqual(busy);
    expect(waitingReason(pools, { ...task, priority: -1 })).toBeUndefined();
    expect(waitingReason(pools, { ...task, taskType: 'noop' })).toBeUndefined();
  });

  it('says nothing where nothing is known, and that there is no worker where none is', () => {
    expect(waitingReason([], task)).toBeUndefined();
    expect(waitingReason([pool({ freeSlots: 1 })], task)).toBeUndefined();
    expect(waitingReason([pool({ workers: 0 })], task)).toMatchObject({ code: 'no_fitting_worker' });
  });
});

describe('queuePlace', () => {
  const eleven = { ...lane, waiting: 11 };

  it.each([
    ['the oldest of its lane may be its longest', [pool({ lanes: [eleven] })], task.requestedAt, 11],
    ['one that came after the snapshot', [pool({ lanes: [eleven] })], NOW + 60_000, 11],
    ['higher priorities go first', [pool({ lanes: [eleven, { ...lane, priority: 1 }] })], NOW, 13],
    ['lower ones and other types do not', [pool({ lanes: [eleven, { ...lane, priority: -1 }] })], NOW, 11],
    ['an unknown queue', [], NOW, undefined],
    ['a lane in which nothing waits', [pool({ lanes: [{ ...lane, waiting: 0 }] })], NOW, undefined],
  ])('%s', (_name, pools, requestedAt, wanted) => {
    expect(queuePlace(pools, { ...task, requestedAt })?.position).toBe(wanted);
  });

  describe('of a tenant', () => {
    const range = (p50: number, p90: number) => ({ p50, p90 });
    const first = {
      ...{ requestedAt: toIso(NOW - 10_000), position: 4, aheadGpuSeconds: 30 },
      ...{ startS: range(10, 20), finishS: range(20, 40) },
    };
    const last = {
      ...{ requestedAt: toIso(NOW), position: 24, aheadGpuSeconds: 130 },
      ...{ startS: range(60, 120), finishS: range(70, 140) },
    };
    const own = { tenantId: 'acme', waiting: 9, first, last, inRequestOrder: true, basis: 'history' as const };
    const placeAmong = (queue: typeof own, requestedAt: number) =>
      queuePlace([pool({ lanes: [{ ...eleven, tenants: [queue] }] })], { ...task, requestedAt });
    const other = { ...own, tenantId: 'other', waitingReason: { code: 'tenant_quota', text: 'full' } };

    it('lies between its first and its last, with instants', () => {
      const pools = [pool({ lanes: [{ ...eleven, tenants: [other, own] }] })];
      expect(queuePlace(pools, { ...task, requestedAt: NOW - 5_000 })).toEqual({
        position: 14,
        aheadGpuSeconds: 80,
        start: range(NOW + 35_000, NOW + 70_000),
        finish: range(NOW + 45_000, NOW + 90_000),
        basis: 'history',
      });
    });

    it('SCH-39: is never before its true one where the shortest goes first: the last was requested first', () => {
      const swapped = {
        ...{ ...own, inRequestOrder: false },
        first: { ...first, requestedAt: last.requestedAt },
        last: { ...last, requestedAt: first.requestedAt },
      };
      const anywhere = {
        ...{ position: 24, aheadGpuSeconds: 130, basis: 'history' },
        start: range(NOW + 35_000, NOW + 120_000),
        finish: range(NOW + 45_000, NOW + 140_000),
      };
      for (const requestedAt of [NOW - 10_000, NOW - 5_000, NOW]) {
        expect(placeAmong(swapped, requestedAt)).toEqual(anywhere);
      }
    });

    it('is told as the last where only those in the middle are out of order, and where all came at once', () => {
      expect(placeAmong({ ...own, inRequestOrder: false }, NOW - 10_000)?.position).toBe(24);
      const atOnce = { ...own, first: { ...first, requestedAt: last.requestedAt } };
      expect(placeAmong(atOnce, NOW)?.position).toBe(24);
    });

    it('has no instants where nothing that runs will serve it', () => {
      const still = { ...own, first: { ...first, startS: undefined }, last: { ...last, finishS: undefined } };
      const place = queuePlace([pool({ lanes: [{ ...eleven, tenants: [still] }] })], task);
      expect(place).toEqual({ position: 4, aheadGpuSeconds: 30, basis: 'history' });
    });

    it("never waits for another tenant's reason, and has its own before the lane's", () => {
      const lanes = [{ ...eleven, waitingReason: { code: 'pool_busy', text: 'busy' }, tenants: [other, own] }];
      expect(waitingReason([pool({ lanes })], task)?.code).toBe('pool_busy');
      expect(waitingReason([pool({ lanes })], { ...task, tenantId: 'other' })?.code).toBe('tenant_quota');
    });
  });
});
