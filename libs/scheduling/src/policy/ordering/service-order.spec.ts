import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ORDERING, type OrderingPolicy, type QueuedTask } from './ordering-policy.js';
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

function served(order: ServiceOrder<QueuedTask>, limit = 10_000): readonly number[] {
  const numbers: number[] = [];
  for (let task = order.next(); task !== undefined && numbers.length < limit; task = order.next()) {
    numbers.push(Number(task.id.slice(5)));
    order.take();
  }
  return numbers;
}

function orderOf(tasks: readonly QueuedTask[], policy: Partial<OrderingPolicy> = {}, now = NOW): readonly number[] {
  const order = new ServiceOrder<QueuedTask>({ ...DEFAULT_ORDERING, ...policy });
  for (const task of tasks) order.add(task);
  order.begin(now);
  return served(order);
}

describe('the order of service', () => {
  it('QUE-02: serves the higher class first, however long the lower one waits within its limits', () => {
    const tasks = [
      aQueued(1, { priority: -1, gpuSeconds: 1 }),
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
});
