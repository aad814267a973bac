import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_ORDERING, type OrderingPolicy, type QueuedTask } from './ordering-policy.js';
import { ServiceOrder } from './service-order.js';

const NOW = 1_000_000_000;
const MAX_WAIT_MS = 1_000;
const LONGEST_GPU_SECONDS = 50;
const TENANTS = ['acme', 'globex', 'initech', 'umbrella'];
const SHAPES = ['a', 'b', 'c'];
const POLICY: OrderingPolicy = {
  ...DEFAULT_ORDERING,
  classes: new Map(),
  otherwise: { maxWaitMs: MAX_WAIT_MS },
  slackGpuSeconds: 0,
};

const task = fc.record({
  number: fc.integer({ min: 0, max: 999 }),
  tenantId: fc.constantFrom(...TENANTS),
  priority: fc.integer({ min: -1, max: 1 }),
  ageMs: fc.integer({ min: 0, max: 2 * MAX_WAIT_MS }),
  shape: fc.constantFrom(...SHAPES),
  gpuSeconds: fc.integer({ min: 0, max: LONGEST_GPU_SECONDS }),
});

const queue = fc.uniqueArray(task, { selector: ({ number }) => number, maxLength: 60 }).map((tasks) =>
  tasks.map(({ number, ageMs, ...rest }): QueuedTask => ({
    ...rest,
    id: `task-${number.toString().padStart(3, '0')}`,
    pool: 'local',
    requestedAt: NOW - ageMs,
  })),
);

const slack = fc.constantFrom(0, 30, 1e9);

function orderOf(tasks: readonly QueuedTask[], policy = POLICY): ServiceOrder<QueuedTask> {
  const order = new ServiceOrder<QueuedTask>(policy);
  for (const each of tasks) order.add(each);
  order.begin(NOW);
  return order;
}

function served(order: ServiceOrder<QueuedTask>): readonly QueuedTask[] {
  const tasks: QueuedTask[] = [];
  for (let next = order.next(); next !== undefined; next = order.next()) {
    tasks.push(next);
    order.take();
  }
  return tasks;
}

const isOverdue = ({ requestedAt }: QueuedTask): boolean => requestedAt < NOW - MAX_WAIT_MS;

const VERDICTS = ['take', 'pass', 'closeShape', 'closeLane'] as const;

function laneOf({ tenantId, priority, shape }: QueuedTask): string {
  return `${tenantId}/${priority}/${shape}`;
}

describe('any order of service', () => {
  it('serves each task once, the higher class first (QUE-02)', () => {
    fc.assert(
      fc.property(queue, slack, (tasks, slackGpuSeconds) => {
        const order = served(orderOf(tasks, { ...POLICY, slackGpuSeconds }));
        expect(order.map(({ id }) => id).toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
        expect(order.map(({ priority }) => priority)).toEqual(
          tasks.map(({ priority }) => priority).toSorted((a, b) => b - a),
        );
      }),
    );
  });

  it('is the same for the same queue, however its tasks came', () => {
    fc.assert(
      fc.property(queue, slack, fc.infiniteStream(fc.nat()), (tasks, slackGpuSeconds, keys) => {
        const policy = { ...POLICY, slackGpuSeconds };
        const shuffled = tasks
          .map((each) => ({ each, key: keys.next().value as number }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ each }) => each);
        expect(served(orderOf(shuffled, policy))).toEqual(served(orderOf(tasks, policy)));
      }),
    );
  });

  it('serves a tenant its overdue tasks first, the oldest first, then the shortest (QUE-13)', () => {
    fc.assert(
      fc.property(queue, slack, (tasks, slackGpuSeconds) => {
        const lanes = Map.groupBy(
          served(orderOf(tasks, { ...POLICY, slackGpuSeconds })),
          ({ tenantId, priority }) => `${tenantId}/${priority}`,
        );
        for (const lane of lanes.values()) {
          const wanted = lane.toSorted(
            (a, b) =>
              Number(isOverdue(b)) - Number(isOverdue(a)) ||
              (isOverdue(a) ? a.requestedAt - b.requestedAt : a.gpuSeconds - b.gpuSeconds) ||
              a.requestedAt - b.requestedAt ||
              (a.id < b.id ? -1 : 1),
          );
          expect(lane).toEqual(wanted);
        }
      }),
    );
  });

  it('never lets two tenants with work get further apart than the slack and one task', () => {
    fc.assert(
      fc.property(queue, fc.constantFrom(0, 30, 100), (tasks, slackGpuSeconds) => {
        const order = orderOf(
          tasks.map((each) => ({ ...each, priority: 0 })),
          { ...POLICY, slackGpuSeconds },
        );
        const left = new Map([...Map.groupBy(tasks, ({ tenantId }) => tenantId)].map(([id, own]) => [id, own.length]));
        const took = new Map([...left.keys()].map((id) => [id, 0]));
        for (let next = order.next(); next !== undefined; next = order.next()) {
          took.set(next.tenantId, (took.get(next.tenantId) ?? 0) + next.gpuSeconds);
          left.set(next.tenantId, (left.get(next.tenantId) ?? 0) - 1);
          order.take();
          const backlogged = [...left].filter(([, count]) => count > 0).map(([id]) => took.get(id) ?? 0);
          if (backlogged.length < left.size) break;
          expect(Math.max(...backlogged) - Math.min(...backlogged)).toBeLessThanOrEqual(
            slackGpuSeconds + LONGEST_GPU_SECONDS,
          );
        }
      }),
    );
  });

  it('gives backlogged tenants shares by weight: a Jain index near 1', () => {
    const weights = new Map(TENANTS.map((id, index) => [id, index + 1]));
    const length = fc.integer({ min: 1, max: LONGEST_GPU_SECONDS });
    fc.assert(
      fc.property(fc.array(length, { minLength: 20, maxLength: 20 }), (lengths) => {
        const tasks = TENANTS.flatMap((tenantId, tenant) =>
          Array.from({ length: 400 }, (_, n): QueuedTask => ({
            id: `${tenantId}-${n.toString().padStart(3, '0')}`,
            tenantId,
            priority: 0,
            requestedAt: NOW - 400 + n,
            pool: 'local',
            shape: 'a',
            gpuSeconds: lengths[(n + 5 * tenant) % lengths.length] ?? 1,
          })),
        );
        const order = orderOf(tasks, { ...POLICY, weights });
        const took = new Map(TENANTS.map((id) => [id, 0]));
        for (let n = 0; n < 390; n++) {
          const next = order.next() as QueuedTask;
          took.set(next.tenantId, (took.get(next.tenantId) ?? 0) + next.gpuSeconds);
          order.take();
        }
        const shares = TENANTS.map((id) => (took.get(id) ?? 0) / (weights.get(id) ?? 1));
        const sum = shares.reduce((total, share) => total + share, 0);
        const squares = shares.reduce((total, share) => total + share ** 2, 0);
        expect((sum * sum) / (shares.length * squares)).toBeGreaterThan(0.97);
      }),
      { numRuns: 20 },
    );
  });

  it('conserves work: what is not closed, passed or at its quota is served', () => {
    const verdict = fc.constantFrom(...VERDICTS);
    fc.assert(
      fc.property(queue, slack, fc.infiniteStream(verdict), (tasks, slackGpuSeconds, verdicts) => {
        const order = orderOf(tasks, { ...POLICY, slackGpuSeconds });
        const done = new Set<string>();
        const closed = new Set<string>();
        const isOut = (each: QueuedTask): boolean => {
          return done.has(each.id) || closed.has(each.shape) || closed.has(laneOf(each));
        };
        let taken = 0;
        for (let next = order.next(); next !== undefined; next = order.next()) {
          expect(isOut(next)).toBe(false);
          const step = verdicts.next().value as (typeof VERDICTS)[number];
          order[step]();
          if (step === 'closeShape') closed.add(next.shape);
          else if (step === 'closeLane') closed.add(laneOf(next));
          else done.add(next.id);
          if (step === 'take') taken += 1;
        }
        expect(tasks.every(isOut)).toBe(true);
        for (const tenantId of TENANTS) order.openTenant(tenantId);
        order.begin(NOW);
        expect(served(order)).toHaveLength(tasks.length - taken);
      }),
    );
  });

  it('starves nobody: past its maximum wait a task goes as soon as its tenant is in turn', () => {
    const arrivals = fc.array(fc.record({ tenant: fc.nat(3), gpuSeconds: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 400,
      maxLength: 400,
    });
    fc.assert(
      fc.property(arrivals, (newcomers) => {
        const order = new ServiceOrder<QueuedTask>(POLICY);
        const long: QueuedTask = {
          id: 'task-long',
          tenantId: 'acme',
          priority: 0,
          requestedAt: NOW,
          pool: 'local',
          shape: 'a',
          gpuSeconds: LONGEST_GPU_SECONDS,
        };
        order.add(long);
        // Two short tasks come, and one is served, every 10 ms: without a cap the long one would wait for ever.
        let servedAt = Infinity;
        newcomers.forEach(({ tenant, gpuSeconds }, step) => {
          const now = NOW + 10 * step;
          for (const [suffix, tenantId] of [
            ['x', TENANTS[tenant] ?? 'acme'],
            ['y', 'acme'],
          ] as const)
            order.add({ ...long, id: `task-${step}-${suffix}`, tenantId, requestedAt: now, gpuSeconds });
          order.begin(now);
          if (order.next()?.id === long.id) servedAt = Math.min(servedAt, now);
          order.take();
        });
        // At the latest after each of the other three tenants has had what the slack and a task of theirs allow.
        expect(servedAt).toBeLessThanOrEqual(NOW + MAX_WAIT_MS + 10 * 40);
        expect(servedAt).toBeGreaterThan(NOW + MAX_WAIT_MS);
      }),
      { numRuns: 30 },
    );
  });
});
