import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareIds } from './ordering.js';
import { DEFAULT_ORDERING, type OrderingPolicy, type QueuedTask } from './ordering-policy.js';
import { ServiceOrder } from './service-order.js';

const START = 1_000_000;
const TENANTS = ['t0', 't1', 't2', 't3'];
const SHAPES = ['a', 'b', 'c'];
const POLICY: OrderingPolicy = {
  ...DEFAULT_ORDERING,
  classes: new Map([
    [1, { maxWaitMs: 900 }],
    [0, { maxWaitMs: 1_500, liftAfterMs: 3_000 }],
    [-1, { maxWaitMs: 2_000, liftAfterMs: 3_500 }],
  ]),
  weights: new Map([['t1', 2]]),
};

interface Entry {
  readonly task: QueuedTask;
  readonly queue: Queue;
  overdue: boolean;
}

interface Queue {
  readonly priority: number;
  virtual: number;
  readonly tags: Map<string, number>;
}

/** The rules of the order of service as they are written, over a list that is looked through for each step. */
class PlainSearch {
  readonly queues: Queue[] = [1, 0, -1].map((priority) => ({ priority, virtual: 0, tags: new Map<string, number>() }));
  entries: Entry[] = [];
  private passed: Entry[] = [];
  private readonly closedLanes = new Set<string>();
  private readonly closedShapes = new Set<string>();
  private setups: Readonly<Record<string, number>> = {};

  constructor(private readonly slack: number) {}

  add(task: QueuedTask, queue = this.queues.find(({ priority }) => priority === task.priority), returns = false): void {
    if (queue === undefined) return;
    const waits = this.entries.some((one) => one.queue === queue && one.task.tenantId === task.tenantId);
    const tag = queue.tags.get(task.tenantId) ?? queue.virtual;
    queue.tags.set(task.tenantId, waits || returns ? tag : Math.max(tag, queue.virtual));
    this.entries.push({ task, queue, overdue: false });
  }

  begin(now: number, setups: Readonly<Record<string, number>>): void {
    this.closedShapes.clear();
    this.setups = setups;
    for (const { task, queue } of this.passed.splice(0)) this.add(task, queue, true);
    for (const queue of this.queues.toReversed()) {
      this.age(queue, now);
      const above = this.queues[this.queues.indexOf(queue) - 1];
      const liftAfterMs = POLICY.classes.get(queue.priority)?.liftAfterMs ?? Infinity;
      const lifted = this.entries.filter((one) => one.queue === queue && one.task.requestedAt < now - liftAfterMs);
      for (const { task } of lifted.toSorted((a, b) => byAge(a.task, b.task))) {
        this.drop(task.id);
        this.add(task, above);
      }
    }
  }

  next(): Entry | undefined {
    for (const queue of this.queues) {
      const open = this.entries.filter((one) => one.queue === queue && this.isOpen(one));
      const floor = Math.min(...open.map(({ task }) => queue.tags.get(task.tenantId) ?? 0));
      const inTurn = open.filter(({ task }) => (queue.tags.get(task.tenantId) ?? 0) <= floor + this.slack);
      const [first] = inTurn.toSorted((a, b) => this.compare(a, b));
      if (first !== undefined) return first;
    }
    return undefined;
  }

  take({ task, queue }: Entry): void {
    const tag = queue.tags.get(task.tenantId) ?? 0;
    queue.virtual = Math.max(queue.virtual, tag);
    queue.tags.set(task.tenantId, tag + task.gpuSeconds / (POLICY.weights.get(task.tenantId) ?? 1));
    this.drop(task.id);
  }

  pass(entry: Entry): void {
    this.drop(entry.task.id);
    this.passed.push(entry);
  }

  closeShape({ task }: Entry): void {
    this.closedShapes.add(task.shape);
  }

  closeLane(entry: Entry): void {
    this.closedLanes.add(laneOf(entry));
  }

  openTenant(tenantId: string): void {
    for (const lane of this.closedLanes) if (lane.startsWith(`${tenantId}/`)) this.closedLanes.delete(lane);
  }

  drop(id: string): void {
    this.entries = this.entries.filter(({ task }) => task.id !== id);
    this.passed = this.passed.filter(({ task }) => task.id !== id);
  }

  private isOpen(entry: Entry): boolean {
    return !this.closedShapes.has(entry.task.shape) && !this.closedLanes.has(laneOf(entry));
  }

  private age(queue: Queue, now: number): void {
    const maxWaitMs = POLICY.classes.get(queue.priority)?.maxWaitMs ?? 0;
    for (const one of this.entries) if (one.queue === queue) one.overdue ||= one.task.requestedAt < now - maxWaitMs;
  }

  private compare(a: Entry, b: Entry): number {
    if (a.overdue || b.overdue) return Number(b.overdue) - Number(a.overdue) || byAge(a.task, b.task);
    return this.costOf(a) - this.costOf(b) || byAge(a.task, b.task);
  }

  private costOf({ task }: Entry): number {
    return task.gpuSeconds + (this.setups[task.shape] ?? 0) * POLICY.setupFactor;
  }
}

const arrival = fc.record({
  tenantId: fc.constantFrom(...TENANTS),
  priority: fc.integer({ min: -1, max: 1 }),
  shape: fc.constantFrom(...SHAPES),
  gpuSeconds: fc.constantFrom(5, 5, 10, 20, 37, 50),
  ageMs: fc.nat(600),
});
const cycle = fc.record({
  laterMs: fc.nat(500),
  arrivals: fc.array(arrival, { maxLength: 8 }),
  cancelled: fc.option(fc.nat(), { freq: 4 }),
  opened: fc.option(fc.constantFrom(...TENANTS)),
  setups: fc.record({ a: fc.constantFrom(0, 7), b: fc.constantFrom(0, 3), c: fc.constant(0) }),
  verdicts: fc.array(
    fc.constantFrom<'take' | 'pass' | 'closeShape' | 'closeLane'>(
      ...(['take', 'take', 'take', 'take', 'take', 'take', 'pass', 'closeShape', 'closeLane'] as const),
    ),
    { maxLength: 10 },
  ),
});

describe('the order of service, cycle after cycle', () => {
  it('QUE-02, QUE-10, QUE-13: is that of a plain search over all that waits, whatever comes, goes and is closed', () => {
    let decided = 0;
    fc.assert(
      fc.property(fc.constantFrom(0, 40, 1e9), fc.array(cycle, { minLength: 8, maxLength: 40 }), (slack, cycles) => {
        const order = new ServiceOrder<QueuedTask>({ ...POLICY, slackGpuSeconds: slack });
        const plain = new PlainSearch(slack);
        const ids: string[] = [];
        let now = START;
        for (const { laterMs, arrivals, cancelled, opened, setups, verdicts } of cycles) {
          now += laterMs;
          for (const { ageMs, ...rest } of arrivals) {
            // Ids in no order of coming: ties must end at them, and at nothing else.
            const id = `task-${((ids.length * 7_919) % 10_007).toString().padStart(5, '0')}`;
            const task = { ...rest, id, pool: 'local', requestedAt: now - ageMs };
            ids.push(id);
            order.add(task);
            plain.add(task);
          }
          const gone = cancelled === null ? undefined : ids[cancelled % Math.max(1, ids.length)];
          if (gone !== undefined) {
            order.remove(gone);
            plain.drop(gone);
          }
          if (opened !== null) {
            order.openTenant(opened);
            plain.openTenant(opened);
          }
          order.begin(now, (shape) => setups[shape as keyof typeof setups]);
          plain.begin(now, setups);
          for (const verdict of verdicts) {
            const wanted = plain.next();
            expect(order.next()?.id).toBe(wanted?.task.id);
            if (wanted === undefined) break;
            decided += 1;
            order[verdict]();
            plain[verdict](wanted);
          }
          expect(order.size).toBe(plain.entries.length);
        }
      }),
      { numRuns: 60 },
    );
    expect(decided).toBeGreaterThan(1_000);
  });
});

function laneOf({ task, queue }: Entry): string {
  return `${task.tenantId}/${task.shape}/${queue.priority}`;
}

function byAge(a: QueuedTask, b: QueuedTask): number {
  return a.requestedAt - b.requestedAt || compareIds(a.id, b.id);
}
