import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ORDERING, type OrderingPolicy, type QueuedTask } from './ordering-policy.js';
import { ServiceOrder } from './service-order.js';

const NOW = 1_000_000_000;
const HOUR_MS = 3_600_000;

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

function anOrder(tasks: readonly QueuedTask[], policy: Partial<OrderingPolicy> = {}): ServiceOrder<QueuedTask> {
  const order = new ServiceOrder<QueuedTask>({ ...DEFAULT_ORDERING, ...policy });
  for (const task of tasks) order.add(task);
  return order;
}

function orderOf(tasks: readonly QueuedTask[], policy: Partial<OrderingPolicy> = {}, now = NOW): readonly number[] {
  const order = anOrder(tasks, policy);
  order.begin(now);
  return served(order);
}

describe('the order of service', () => {
  it('QUE-02: serves the higher class first, however long the lower one waits within its limits', () => {
    const tasks = [
      aQueued(1, { priority: -1, gpuSeconds: 1, requestedAt: NOW - 11 * HOUR_MS }),
      aQueued(2),
      aQueued(3, { priority: 1, gpuSeconds: 900 }),
    ];
    expect(orderOf(tasks)).toEqual([3, 2, 1]);
  });

  it('serves the shortest first, then the task requested first, then the lower id', () => {
    const tasks = [
      aQueued(4, { gpuSeconds: 90 }),
      aQueued(3, { requestedAt: NOW - 10 }),
      aQueued(2, { requestedAt: NOW - 10 }),
      aQueued(1, { requestedAt: NOW - 9 }),
    ];
    expect(orderOf(tasks)).toEqual([2, 3, 1, 4]);
  });

  it('QUE-13: a task past the maximum wait of its class goes first, the oldest first, whatever its length', () => {
    const tasks = [
      aQueued(1, { gpuSeconds: 1 }),
      aQueued(2, { gpuSeconds: 900, requestedAt: NOW - 2 * HOUR_MS - 1 }),
      aQueued(3, { gpuSeconds: 5, requestedAt: NOW - 2 * HOUR_MS }),
      aQueued(4, { gpuSeconds: 800, requestedAt: NOW - 2 * HOUR_MS - 2 }),
    ];
    expect(orderOf(tasks)).toEqual([4, 2, 1, 3]);
  });

  it('QUE-13: a task past the lift age of its class is served with the class above, and no further', () => {
    const policy: Partial<OrderingPolicy> = {
      classes: new Map([
        [1, { maxWaitMs: HOUR_MS, liftAfterMs: HOUR_MS }],
        [0, { maxWaitMs: 24 * HOUR_MS }],
        [-1, { maxWaitMs: 2 * HOUR_MS, liftAfterMs: 12 * HOUR_MS }],
      ]),
    };
    const tasks = [
      aQueued(1, { priority: 1 }),
      aQueued(2, { priority: 0, gpuSeconds: 100 }),
      aQueued(3, { priority: -1, gpuSeconds: 1, requestedAt: NOW - 12 * HOUR_MS }),
      aQueued(4, { priority: -1, gpuSeconds: 1, requestedAt: NOW - 12 * HOUR_MS - 1 }),
      aQueued(5, { priority: 1, requestedAt: NOW - 30 * HOUR_MS }),
    ];
    const order = anOrder(tasks, policy);
    order.begin(NOW);
    expect(served(order)).toEqual([5, 1, 4, 2, 3]);
    expect(order.shares().map(({ priority }) => priority)).toEqual([1, 0, -1]);
  });

  it('QUE-13: a lifted task has waited too long for the class above too', () => {
    const tasks = [aQueued(1, { gpuSeconds: 1 }), aQueued(2, { priority: -1, requestedAt: NOW - 13 * HOUR_MS })];
    expect(orderOf(tasks, { highestPriority: 0 })).toEqual([2, 1]);
  });

  it('QUE-10: a task that pauses after a failure keeps its lane, its place in it, and its tenant its turn', () => {
    const order = anOrder([aQueued(1), aQueued(2), aQueued(3, { tenantId: 'globex', gpuSeconds: 70 })], {
      slackGpuSeconds: 0,
    });
    order.begin(NOW);
    expect(order.next()).toMatchObject({ id: 'task-00001' });
    order.pass();
    expect(served(order)).toEqual([2, 3]);
    order.begin(NOW + 1);
    expect(order.next()).toEqual(aQueued(1));
    order.take();
    expect(order.next()).toBeUndefined();
  });

  it('passes over one task, and not the others of its shape', () => {
    const order = anOrder([aQueued(1), aQueued(2)]);
    order.begin(NOW);
    order.next();
    order.pass();
    expect(order.size).toBe(1);
    expect(served(order)).toEqual([2]);
  });

  it('closes a shape for all classes, tenants and pools until the next cycle', () => {
    const order = anOrder([
      aQueued(1, { priority: 1 }),
      aQueued(2),
      aQueued(3, { tenantId: 'globex' }),
      aQueued(4, { shape: 'b', gpuSeconds: 900 }),
    ]);
    order.begin(NOW);
    order.next();
    order.closeShape();
    expect(served(order)).toEqual([4]);
    order.begin(NOW);
    expect(served(order)).toEqual([1, 2, 3]);
  });

  it('SCH-39: closes what one tenant has of one shape until the tenant is opened', () => {
    const order = anOrder([aQueued(1), aQueued(2, { shape: 'b', gpuSeconds: 90 }), aQueued(3, { tenantId: 'globex' })]);
    order.begin(NOW);
    expect(order.next()).toMatchObject({ tenantId: 'acme', shape: 'a' });
    order.closeLane();
    expect(served(order)).toEqual([3, 2]);
    order.add(aQueued(4));
    order.begin(NOW);
    expect(order.next()).toBeUndefined();
    order.openTenant('acme');
    expect(served(order)).toEqual([1, 4]);
  });

  it('SCH-39: opens what was closed in every class, or only that of which something may start', () => {
    const order = anOrder([aQueued(1), aQueued(2, { shape: 'b', gpuSeconds: 90 }), aQueued(3, { priority: 1 })]);
    order.begin(NOW);
    for (let closed = 0; closed < 3; closed++) {
      order.next();
      order.closeLane();
    }
    expect(order.next()).toBeUndefined();
    order.openTenant('globex');
    expect(order.next()).toBeUndefined();
    order.openTenant('acme', ({ gpuSeconds }) => gpuSeconds < 90);
    expect(served(order)).toEqual([3, 1]);
    order.openTenant('acme');
    expect(served(order)).toEqual([2]);
  });

  it('QUE-13: counts a task that is lifted to the class above once', () => {
    const order = anOrder([aQueued(1, { requestedAt: NOW - 13 * HOUR_MS }), aQueued(2)]);
    order.begin(NOW);
    expect(order.size).toBe(2);
    expect(served(order)).toEqual([1, 2]);
    expect(order.size).toBe(0);
  });

  it('tells of the current task whether it was noted, passed over and lifted too, and when it was requested', () => {
    const order = anOrder([]);
    order.add(aQueued(1, { requestedAt: NOW - 13 * HOUR_MS }), true);
    order.add(aQueued(2));
    order.begin(NOW - 2 * HOUR_MS);
    order.next();
    expect([order.isNoted(), order.requestedAt()]).toEqual([true, NOW - 13 * HOUR_MS]);
    order.pass();
    order.next();
    expect(order.isNoted()).toBe(false);
    order.begin(NOW);
    expect([order.next()?.id, order.isNoted()]).toEqual([aQueued(1).id, true]);
  });

  it('gives examples of the shape and of the tenant of the current task', () => {
    const order = anOrder([
      aQueued(1, { gpuSeconds: 90 }),
      aQueued(2, { shape: 'b', tenantId: 'globex', gpuSeconds: 1 }),
      aQueued(3, { shape: 'b', gpuSeconds: 50 }),
    ]);
    order.begin(NOW);
    for (let task = order.next(); task !== undefined; task = order.next()) {
      expect(order.exampleOfShape().shape).toBe(task.shape);
      expect(order.exampleOfTenant().tenantId).toBe(task.tenantId);
      order.take();
    }
  });

  it('SCH-45: counts what it takes to load a model beside the length, twice: what leaves is loaded again', () => {
    const tasks = [aQueued(1, { shape: 'cold', gpuSeconds: 10 }), aQueued(2, { shape: 'warm', gpuSeconds: 49 })];
    const first = (cost: number): number => {
      const order = anOrder(tasks);
      order.begin(NOW, (shape) => (shape === 'cold' ? cost : 0));
      return served(order)[0] ?? 0;
    };
    expect([first(19), first(20)]).toEqual([1, 2]);
  });

  it('an overdue task goes before a warm one', () => {
    const order = anOrder([
      aQueued(1, { shape: 'cold', requestedAt: NOW - 3 * HOUR_MS }),
      aQueued(2, { shape: 'warm', gpuSeconds: 1 }),
    ]);
    order.begin(NOW, (shape) => (shape === 'cold' ? 1_000 : 0));
    expect(served(order)).toEqual([1, 2]);
  });

  it('gives the same task until it is decided, and another that is shorter once it comes', () => {
    const order = anOrder([aQueued(1)]);
    order.begin(NOW);
    expect(order.next()).toBe(order.next());
    order.add(aQueued(2, { gpuSeconds: 1 }));
    expect(served(order)).toEqual([2, 1]);
  });

  it('forgets a task that is cancelled, wherever it stands', () => {
    const order = anOrder([aQueued(1), aQueued(2), aQueued(3)]);
    order.begin(NOW);
    order.next();
    order.pass();
    expect([order.remove('task-00001'), order.remove('task-00002'), order.remove('task-00002')]).toEqual([
      true,
      true,
      false,
    ]);
    order.begin(NOW);
    expect(served(order)).toEqual([3]);
  });

  it('keeps what waits when most of a queue is cancelled', () => {
    const order = anOrder(
      Array.from({ length: 2_000 }, (_, n) => aQueued(n, { requestedAt: NOW - n, gpuSeconds: 10 + n })),
    );
    for (let n = 1; n < 2_000; n++) if (n % 10 !== 0) order.remove(aQueued(n).id);
    const left = Array.from({ length: 200 }, (_, n) => 10 * n);
    order.begin(NOW);
    expect(served(order, 100)).toEqual(left.slice(0, 100));
    order.begin(NOW + 3 * HOUR_MS);
    expect(served(order)).toEqual(left.slice(100).toReversed());
  });

  it('refuses a task that waits already, and a length that is none', () => {
    const order = anOrder([aQueued(1)]);
    expect(() => order.add(aQueued(1))).toThrow('task task-00001 waits once');
    expect(() => order.add(aQueued(2, { gpuSeconds: -1 }))).toThrow('takes some GPU time');
    expect(() => order.take()).toThrow('next() has given a task');
    expect(() => anOrder([aQueued(3)], { weights: new Map([['acme', 0]]) })).toThrow('a weight above 0');
  });

  it('forgets shapes of which nothing waits', () => {
    const order = anOrder([aQueued(0, { shape: 'stays', gpuSeconds: 1_000 })]);
    const asked = new Set<string>();
    for (let round = 0; round < 30; round++) {
      for (let n = 1; n <= 100; n++) order.add(aQueued(n, { tenantId: `tenant-${n}`, shape: `shape-${round}-${n}` }));
      order.begin(NOW);
      served(order, 100);
    }
    order.begin(NOW, (shape) => Number(asked.add(shape).size < 0));
    expect(asked.size).toBeLessThan(2_500);
    expect(asked.has('stays')).toBe(true);
    order.add(aQueued(1, { shape: 'shape-0-1' }));
    expect(served(order)).toEqual([1, 0]);
  });

  it('QUE-10: takes a served task again under its id, and knows of none that was served', () => {
    const order = anOrder([1, 2, 3, 4, 5].map((number) => aQueued(number)));
    order.begin(NOW);
    expect(served(order, 4)).toEqual([1, 2, 3, 4]);
    expect(order.remove(aQueued(1).id)).toBe(false);
    expect(order.size).toBe(1);
    order.add(aQueued(1));
    for (let number = 6; number < 9; number++) order.add(aQueued(number));
    expect(() => order.add(aQueued(1))).toThrow('waits once');
    expect(order.remove(aQueued(1).id)).toBe(true);
    expect(served(order)).toEqual([5, 6, 7, 8]);
    expect(order.size).toBe(0);
  });
});
