import { describe, expect, it } from '@jest/globals';
import { preemptRequested, queueSnapshot, taskAssigned } from '@millrace/contracts';
import { VirtualClock, toIso } from '@millrace/kernel';
import { idOf, taskIdOf } from '../testing/builders.js';
import { InMemorySchedulingDatabase } from '../testing/in-memory-scheduling-stores.js';
import { SchedulerFixture, startedScheduler } from '../testing/scheduler-fixture.js';
import { DEFAULT_SCHEDULING_POLICY, type SchedulingPolicy } from './scheduling-policy.js';

const WORKER = { taskTypes: ['a'], slots: 1 };
const REQUEST = { taskType: 'a', needs: { gpus: 1, vramMiB: 0 } };
const strict = {
  ...DEFAULT_SCHEDULING_POLICY,
  ordering: { ...DEFAULT_SCHEDULING_POLICY.ordering, slackGpuSeconds: 0 },
};

function policy(overrides: Partial<SchedulingPolicy>): SchedulingPolicy {
  return { ...strict, ...overrides };
}

/** Lets the worker end what it runs, `count` times, and tells whose each next task was. */
async function serve(s: SchedulerFixture, count: number, gpuMs = 60_000): Promise<readonly string[]> {
  const served: string[] = [];
  for (let n = 0; n < count; n++) {
    const assigned = s.assigned();
    served.push(assigned.tenantId);
    await s.report(assigned, 'started', { number: 1 });
    await s.report(assigned, 'succeeded', { number: 2, gpuMs, engine: 'e' });
  }
  return served;
}

const assignedTo = (s: SchedulerFixture, number: number) =>
  s.of(taskAssigned).filter(({ taskId }) => taskId === idOf(number));

describe('placement in production', () => {
  it('keeps room for what has been arriving, also when none of it waits (FGD)', async () => {
    const holderOf = async (arrived: number): Promise<string | undefined> => {
      const s = await startedScheduler();
      for (let n = 1; n <= arrived; n++) await s.request(n, { ...REQUEST, needs: { gpus: 3, vramMiB: 0 } });
      for (let n = 1; n <= arrived; n++) await s.cancel(n);
      for (const [at, gpus] of [4, 3].entries()) {
        const devices = Array.from({ length: gpus }, () => ({ mode: 'whole' as const }));
        const incarnation = idOf(0xb0 + at);
        await s.register({ ...WORKER, workerId: `of-${gpus}`, incarnation, gpus, slots: gpus, devices });
      }
      await s.request(100, REQUEST);
      return assignedTo(s, 100)[0]?.workerId;
    };
    expect(await holderOf(0)).toBe('of-3');
    expect(await holderOf(20)).toBe('of-4');
  });
});

describe('fair sharing in production', () => {
  it('SCH-39: tenants are served in turn however much one of them brings, and by weight', async () => {
    const weights = new Map([['heavy', 3]]);
    const s = await startedScheduler({ settings: { policy: policy({ ordering: { ...strict.ordering, weights } }) } });
    for (let n = 1; n <= 30; n++) await s.request(n, { ...REQUEST, tenantId: 'heavy' });
    for (let n = 31; n <= 40; n++) await s.request(n, { ...REQUEST, tenantId: 'light' });
    await s.register(WORKER);
    const served = await serve(s, 16);
    expect(served.filter((tenantId) => tenantId === 'light').length).toBeGreaterThanOrEqual(3);
    expect(served.filter((tenantId) => tenantId === 'light').length).toBeLessThanOrEqual(5);
  });

  it('a tenant behind a window of another is seen, and the shortest of it first', async () => {
    const s = await startedScheduler({ settings: { policy: strict, window: { initial: 2, factor: 2, max: 4 } } });
    for (let n = 1; n <= 20; n++) await s.request(n, { ...REQUEST, tenantId: 'greedy', typicalGpuSeconds: 10 });
    await s.request(30, { ...REQUEST, tenantId: 'small', typicalGpuSeconds: 9 });
    await s.request(31, { ...REQUEST, tenantId: 'small', typicalGpuSeconds: 3 });
    await s.register(WORKER);
    await serve(s, 3);
    const small = s.of(taskAssigned).filter(({ tenantId }) => tenantId === 'small');
    expect(small.map(({ taskId }) => taskId)).toEqual([31, 30].map(idOf));
  });

  it('the next leader does not forget who was served', async () => {
    const clock = new VirtualClock();
    const database = new InMemorySchedulingDatabase(clock);
    const settings = { policy: strict };
    const first = await new SchedulerFixture({ clock, database, settings, holder: 'one' }).start();
    for (let n = 1; n <= 9; n++) await first.request(n, { ...REQUEST, tenantId: 'greedy' });
    await first.request(10, { ...REQUEST, tenantId: 'small' });
    await first.register(WORKER);
    // The first of each, then more of the greedy one while nobody else waits.
    await serve(first, 4);
    await first.scheduler.stop();
    const second = await new SchedulerFixture({ clock, database, settings, holder: 'two' }).start();
    await second.request(20, { ...REQUEST, tenantId: 'small' });
    await second.request(21, { ...REQUEST, tenantId: 'small' });
    await second.report(first.assigned(), 'succeeded', { number: 9, gpuMs: 60_000, engine: 'e' });
    expect(await serve(second, 2)).toEqual(['small', 'small']);
    // Nor how long runs take: seven are known by now, four of them from the one before.
    await second.request(30, REQUEST);
    expect(database.tables.tasks.get(taskIdOf(30))?.prediction).toMatchObject({ basis: 'history', samples: 7 });
  });
});

describe('quotas in production (SCH-39)', () => {
  const quotas = [{ scope: 'tenant', name: 'capped', gpus: 1 }] as const;

  it('over its quota a task waits with the reason, others go on, and it starts when one ends', async () => {
    const s = await startedScheduler({ settings: { policy: policy({ quotas }) } });
    await s.register({ ...WORKER, slots: 3 });
    for (const [number, tenantId] of [
      [1, 'capped'],
      [2, 'capped'],
      [3, 'free'],
      [4, 'free'],
    ] as const) {
      await s.request(number, { ...REQUEST, tenantId });
    }
    expect(s.of(taskAssigned).map(({ taskId }) => taskId)).toEqual([1, 3, 4].map(idOf));
    await s.clock.advance(1_000);
    const tenants = s.of(queueSnapshot).at(-1)?.lanes[0]?.tenants;
    expect(tenants).toMatchObject([{ tenantId: 'capped', waiting: 1, waitingReason: { code: 'tenant_quota' } }]);
    await s.report(assignedTo(s, 1)[0]!, 'succeeded', { number: 1, gpuMs: 5, engine: 'e' });
    expect(assignedTo(s, 2)).toHaveLength(1);
  });
});

describe('what a worker tells of itself', () => {
  it('TYP-23, TYP-24, SCH-43: is held against what the task type asks for, and its GPUs are given by number', async () => {
    const demands = new Map([['a', { cpuMilli: 8_000, minDriver: '535' }]]);
    const s = await startedScheduler({ settings: { policy: policy({ demands }) } });
    const devices = [{ mode: 'whole' }, { mode: 'whole' }] as const;
    const machine = { ...WORKER, slots: 4, gpus: 2, devices: [...devices] };
    await s.register({ ...machine, workerId: 'w-old', incarnation: idOf(0xb1), driver: '470', cpuMilli: 64_000 });
    await s.register({ ...machine, workerId: 'w-new', incarnation: idOf(0xb2), driver: '535.104', cpuMilli: 20_000 });
    for (let n = 1; n <= 3; n++) await s.request(n, REQUEST);
    expect(s.of(taskAssigned).map(({ workerId, devices: given }) => [workerId, given])).toEqual([
      ['w-new', [0]],
      ['w-new', [1]],
    ]);
    await s.clock.advance(1_000);
    expect(s.of(queueSnapshot).at(-1)?.lanes[0]?.waitingReason).toMatchObject({
      code: 'pool_busy',
      evidence: { driver_floor: 1 },
    });
    await s.report(assignedTo(s, 1)[0]!, 'succeeded', { number: 1, gpuMs: 5, engine: 'e' });
    expect(assignedTo(s, 3)[0]?.devices).toEqual([0]);
  });
});

describe('preemption in production (QUE-11)', () => {
  const preemption = { ...DEFAULT_SCHEDULING_POLICY.preemption!, minRunMs: 5_000, minWaitMs: 2_000 };
  const started = async () => {
    const s = await startedScheduler({ settings: { policy: policy({ preemption }) } });
    await s.register(WORKER);
    await s.request(1, { ...REQUEST, priority: -1, maxRetries: 0 });
    await s.report(s.assigned(), 'started', { number: 1 });
    await s.clock.advance(5_000);
    await s.heartbeat({ leases: [{ taskId: idOf(1), attempt: 1, epoch: 1 }] });
    await s.request(2, { ...REQUEST, priority: 0, requestedAt: toIso(s.clock.now()) });
    return s;
  };

  it('tells the worker once, after the wait that is set, and places the higher task where it was', async () => {
    const s = await started();
    expect(s.of(preemptRequested)).toEqual([]);
    await s.clock.advance(3_000);
    expect(s.of(preemptRequested)).toMatchObject([{ taskId: idOf(1), attempt: 1, epoch: 1, reason: 'higher_class' }]);
    await s.clock.advance(3_000);
    expect(s.of(preemptRequested)).toHaveLength(1);
    expect(s.of(queueSnapshot).at(-1)?.lanes).toMatchObject([
      { priority: 0, waitingReason: { code: 'preempting' } },
      {},
    ]);
    const checkpoint = { key: 'k', step: 3, modelHash: 'h' };
    await s.report(assignedTo(s, 1)[0]!, 'preempted', { number: 2, checkpoint, gpuMs: 700 });
    expect(assignedTo(s, 2)).toHaveLength(1);
    await s.report(assignedTo(s, 2)[0]!, 'succeeded', { number: 1, gpuMs: 5, engine: 'e' });
    expect(assignedTo(s, 1)[1]).toMatchObject({ epoch: 2, resumeFrom: checkpoint });
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'started', 'requeued', 'scheduled']);
    expect(s.database.tables.tasks.get(idOf(1) as never)).toMatchObject({ failureRetries: 0, lostDeliveries: 0 });
  });

  it('stops nobody of the same class, and nobody at all when it is off', async () => {
    const s = await startedScheduler({ settings: { policy: policy({ preemption: null }) } });
    await s.register(WORKER);
    await s.request(1, { ...REQUEST, priority: -1 });
    await s.report(s.assigned(), 'started', { number: 1 });
    await s.clock.advance(10_000);
    await s.request(2, { ...REQUEST, priority: 1 });
    await s.clock.advance(4_000);
    const same = await started();
    await same.cancel(2);
    await same.request(3, { ...REQUEST, priority: -1 });
    await same.clock.advance(4_000);
    expect([s.of(preemptRequested), same.of(preemptRequested)]).toEqual([[], []]);
  });

  it('one that ended in the meantime is not told', async () => {
    const s = await started();
    await s.report(assignedTo(s, 1)[0]!, 'succeeded', { number: 2, gpuMs: 5, engine: 'e' });
    await s.clock.advance(3_000);
    expect(s.of(preemptRequested)).toEqual([]);
    expect(assignedTo(s, 2)).toHaveLength(1);
  });
});
