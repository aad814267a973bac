import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ORDERING, type FairShares, type OrderingPolicy, type QueuedTask } from './ordering-policy.js';
import { ServiceOrder } from './service-order.js';

const NOW = 1_000_000_000;

function aQueued(number: number, overrides: Partial<QueuedTask> = {}): QueuedTask {
  const id = `task-${number.toString().padStart(5, '0')}`;
  return {
    id,
    tenantId: 'acme',
    priority: 0,
    requestedAt: NOW - 1_000 + number,
    pool: 'local',
    shape: 'a',
    gpuSeconds: 60,
    ...overrides,
  };
}

function numberOf(task: QueuedTask): number {
  return Number(task.id.slice(5));
}

function served(order: ServiceOrder<QueuedTask>, limit = 10_000): readonly number[] {
  const numbers: number[] = [];
  for (let task = order.next(); task !== undefined && numbers.length < limit; task = order.next()) {
    numbers.push(numberOf(task));
    order.take();
  }
  return numbers;
}

function anOrder(
  tasks: readonly QueuedTask[],
  policy: Partial<OrderingPolicy> = {},
  shares?: FairShares,
): ServiceOrder<QueuedTask> {
  const order = new ServiceOrder<QueuedTask>({ ...DEFAULT_ORDERING, ...policy }, shares);
  for (const task of tasks) order.add(task);
  return order;
}

describe('tenants of a class', () => {
  const ofTenant = (tenantId: string, from: number, count: number, gpuSeconds: number): readonly QueuedTask[] =>
    Array.from({ length: count }, (_, n) => aQueued(from + n, { tenantId, gpuSeconds }));

  function tookOf(order: ServiceOrder<QueuedTask>, count: number): Readonly<Record<string, number>> {
    const took: Record<string, number> = {};
    for (let n = 0; n < count; n++) {
      const task = order.next();
      if (task === undefined) break;
      took[task.tenantId] = (took[task.tenantId] ?? 0) + task.gpuSeconds;
      order.take();
    }
    return took;
  }

  it('share by predicted GPU-seconds, not by tasks', () => {
    const order = anOrder([...ofTenant('acme', 0, 100, 10), ...ofTenant('globex', 100, 100, 50)], {
      slackGpuSeconds: 0,
    });
    order.begin(NOW);
    expect(tookOf(order, 60)).toEqual({ acme: 500, globex: 500 });
  });

  it('share by weight', () => {
    const weights = new Map([['acme', 3]]);
    const order = anOrder([...ofTenant('acme', 0, 100, 10), ...ofTenant('globex', 100, 100, 10)], {
      slackGpuSeconds: 0,
      weights,
    });
    order.begin(NOW);
    expect(tookOf(order, 80)).toEqual({ acme: 600, globex: 200 });
  });

  it('compete by length within the slack', () => {
    const order = anOrder([...ofTenant('acme', 0, 100, 10), ...ofTenant('globex', 100, 100, 20)], {
      slackGpuSeconds: 200,
    });
    order.begin(NOW);
    expect(served(order, 21)).toEqual(Array.from({ length: 21 }, (_, n) => n));
    expect(numberOf(order.next() as QueuedTask)).toBe(100);
  });

  it('get no credit for the time they were away', () => {
    const order = anOrder(ofTenant('acme', 0, 100, 10), { slackGpuSeconds: 0 });
    order.begin(NOW);
    served(order, 50);
    for (const task of ofTenant('globex', 100, 100, 10)) order.add(task);
    order.begin(NOW);
    expect(tookOf(order, 20)).toEqual({ acme: 100, globex: 100 });
  });

  it('get none when they come back, either', () => {
    const order = anOrder([...ofTenant('acme', 0, 100, 10), ...ofTenant('globex', 100, 1, 10)], { slackGpuSeconds: 0 });
    order.begin(NOW);
    served(order, 50);
    for (const task of ofTenant('globex', 200, 100, 10)) order.add(task);
    order.begin(NOW);
    expect(tookOf(order, 20)).toEqual({ acme: 100, globex: 100 });
  });

  it('keep their turn while their task pauses', () => {
    const order = anOrder([...ofTenant('acme', 10, 50, 10), ...ofTenant('globex', 0, 1, 5)], { slackGpuSeconds: 0 });
    order.begin(NOW);
    expect(order.next()).toMatchObject({ tenantId: 'globex' });
    order.pass();
    served(order, 20);
    order.begin(NOW);
    for (const task of ofTenant('globex', 200, 100, 10)) order.add(task);
    expect(tookOf(order, 20)).toEqual({ globex: 195 });
  });

  it('whose work found no room keep their turn through a change of leader', () => {
    const policy = { slackGpuSeconds: 0 };
    const acme = ofTenant('acme', 0, 50, 10);
    const globex = ofTenant('globex', 100, 50, 10).map((task) => ({ ...task, shape: 'b' }));
    const order = anOrder([...acme, ...globex], policy);
    order.begin(NOW);
    order.next();
    order.take();
    expect(order.next()).toMatchObject({ tenantId: 'globex' });
    order.closeShape();
    served(order, 20);
    const next = anOrder([...acme.slice(21), ...globex], policy, order.shares());
    next.begin(NOW);
    expect(tookOf(next, 20)).toEqual({ globex: 200 });
  });

  it('stand where they stood after a change of leader', () => {
    const policy = { slackGpuSeconds: 0 };
    const order = anOrder([...ofTenant('acme', 0, 20, 10), ...ofTenant('globex', 100, 20, 70)], policy);
    order.begin(NOW);
    expect(tookOf(order, 4)).toEqual({ acme: 30, globex: 70 });
    const left = [...ofTenant('acme', 3, 17, 10), ...ofTenant('globex', 101, 19, 70)];
    const next = anOrder(left, policy, JSON.parse(JSON.stringify(order.shares())) as FairShares);
    next.begin(NOW);
    const expected = served(order);
    expect(expected).toHaveLength(36);
    expect(served(next)).toEqual(expected);
  });

  it('are charged for what a task took beyond its prediction', () => {
    const order = anOrder([...ofTenant('acme', 0, 100, 10), ...ofTenant('globex', 100, 100, 10)], {
      slackGpuSeconds: 0,
    });
    order.begin(NOW);
    expect(order.next()).toMatchObject({ tenantId: 'acme' });
    order.take(90);
    expect(tookOf(order, 30)).toEqual({ acme: 100, globex: 200 });
  });

  it('QUE-13: are charged in the class that a lifted task is served in', () => {
    const order = anOrder([aQueued(1, { priority: -1, requestedAt: NOW - 13 * 3_600_000, gpuSeconds: 0 })]);
    order.begin(NOW);
    order.next();
    order.take(60);
    expect(order.shares().filter(({ tenants }) => tenants['acme'] === 60)).toMatchObject([{ priority: 1 }]);
  });

  it('are served past their share while nobody else has work that fits', () => {
    const order = anOrder([...ofTenant('acme', 0, 10, 10), aQueued(100, { tenantId: 'globex', shape: 'b' })], {
      slackGpuSeconds: 0,
    });
    order.begin(NOW);
    expect(order.next()).toMatchObject({ tenantId: 'acme' });
    order.take();
    expect(order.next()).toMatchObject({ tenantId: 'globex' });
    order.closeShape();
    expect(served(order)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('share each pool by itself', () => {
    const order = anOrder(
      [
        ...ofTenant('acme', 0, 10, 10).map((task) => ({ ...task, pool: 'a10g' })),
        ...ofTenant('acme', 100, 3, 10),
        ...ofTenant('globex', 200, 3, 10),
      ],
      { slackGpuSeconds: 0 },
    );
    order.begin(NOW);
    expect(served(order).slice(10)).toEqual([100, 200, 101, 201, 102, 202]);
  });
});
