import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ORDERING, type QueuedTask } from './ordering-policy.js';
import { servedClass } from './served-class.js';
import { ServiceOrder } from './service-order.js';

const HOUR_MS = 3_600_000;

describe('the class that a task is served in', () => {
  it('QUE-13: is the one that the order of service charges, whatever its age', () => {
    for (const priority of [-1, 0, 1]) {
      for (const hours of [0, 12, 12.1, 100]) {
        const task: QueuedTask = {
          ...{ id: 'a', tenantId: 'acme', priority, requestedAt: 0, pool: '', shape: 'a', gpuSeconds: 60 },
        };
        const order = new ServiceOrder(DEFAULT_ORDERING);
        order.add(task);
        order.begin(hours * HOUR_MS);
        order.next();
        order.take();
        const charged = order.shares().filter(({ tenants }) => tenants['acme'] === 60);
        expect(charged.map((share) => share.priority)).toEqual([servedClass(task, hours * HOUR_MS, DEFAULT_ORDERING)]);
      }
    }
  });
});
