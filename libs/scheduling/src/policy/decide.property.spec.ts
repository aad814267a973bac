import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aPendingTask, aWorkerView } from '../testing/builders.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import { workerRefusal } from './filters/hard-filters.js';
import { baysOf } from './placement/gpu-bays.js';
import type { PendingTask, SchedulingSnapshot, WorkerView } from './snapshot.js';

const TYPES = ['a', 'b', 'c'];

const pending = fc.uniqueArray(
  fc.record({
    number: fc.integer({ min: 1, max: 500 }),
    taskType: fc.constantFrom(...TYPES),
    priority: fc.integer({ min: -1, max: 1 }),
    requestedAt: fc.integer({ min: 0, max: 20 }),
    vramMiB: fc.constantFrom(0, 10, 20),
  }),
  { selector: ({ number }) => number, maxLength: 40 },
);

const workers = fc.array(
  fc.record({
    taskTypes: fc.subarray(TYPES),
    slots: fc.integer({ min: 1, max: 4 }),
    usedSlots: fc.integer({ min: 0, max: 5 }),
    vramMiB: fc.constantFrom(5, 15, 25),
    draining: fc.boolean(),
    alive: fc.boolean(),
  }),
  { maxLength: 8 },
);

const snapshots: fc.Arbitrary<SchedulingSnapshot> = fc.tuple(pending, workers).map(([tasks, machines]) => ({
  pending: tasks.map(({ number, vramMiB, ...task }) => aPendingTask(number, { ...task, needs: { gpus: 1, vramMiB } })),
  workers: machines.map((worker, index) => aWorkerView(index, worker)),
}));

function always(property: (snapshot: SchedulingSnapshot, decisions: readonly Decision[]) => void): void {
  fc.assert(
    fc.property(snapshots, (snapshot) => property(snapshot, decide(snapshot, { maxPlacements: 100 }, 0))),
    { numRuns: 200 },
  );
}

function fits(task: PendingTask, worker: WorkerView): boolean {
  return workerRefusal(task, worker, baysOf(worker)) === null;
}

function freeSlots(snapshot: SchedulingSnapshot, decisions: readonly Decision[]): ReadonlyMap<string, number> {
  const taken = Map.groupBy(
    decisions.filter((decision) => decision.kind === 'place'),
    ({ worker }) => worker.incarnation,
  );
  return new Map(
    snapshot.workers.map(({ incarnation, slots, usedSlots }) => [
      incarnation,
      Math.max(0, slots - usedSlots) - (taken.get(incarnation)?.length ?? 0),
    ]),
  );
}

describe('any decision', () => {
  it('is one per task, placed or with a reason to wait', () =>
    always((snapshot, decisions) => {
      expect(decisions.map(({ task }) => task.id).toSorted()).toEqual(snapshot.pending.map(({ id }) => id).toSorted());
      expect(decisions.every(({ reason }) => reason.length > 0)).toBe(true);
    }));

  it('never oversubscribes a slot, and places only where the task fits', () =>
    always((snapshot, decisions) => {
      for (const free of freeSlots(snapshot, decisions).values()) expect(free).toBeGreaterThanOrEqual(0);
      for (const decision of decisions) {
        if (decision.kind === 'place')
          expect(fits(decision.task, decision.worker) && !decision.worker.draining).toBe(true);
      }
    }));

  it('is work-conserving: no task waits while a worker that fits has a free slot', () =>
    always((snapshot, decisions) => {
      const free = freeSlots(snapshot, decisions);
      for (const { kind, task } of decisions) {
        if (kind === 'place') continue;
        const open = snapshot.workers.filter(
          (worker) => fits(task, worker) && !worker.draining && (free.get(worker.incarnation) ?? 0) > 0,
        );
        expect(open).toEqual([]);
      }
    }));

  it('QUE-02: places no task before one of the same needs with a higher priority, or an earlier one of its own', () =>
    always((_, decisions) => {
      const classes = Map.groupBy(decisions, ({ task }) => `${task.taskType}/${task.needs.vramMiB}`);
      for (const members of classes.values()) {
        const firstWait = members.findIndex(({ kind }) => kind === 'wait');
        if (firstWait >= 0) expect(members.slice(firstWait).every(({ kind }) => kind === 'wait')).toBe(true);
        const order = members.map(({ task }) => [-task.priority, task.requestedAt] as const);
        for (const [index, [priority, at]] of order.entries()) {
          const [before, beforeAt] = order[index - 1] ?? [-Infinity, 0];
          expect(before < priority || (before === priority && beforeAt <= at)).toBe(true);
        }
      }
    }));

  it('is the same for the same world, however its parts are ordered', () =>
    always((snapshot, decisions) => {
      const turned = { pending: snapshot.pending.toReversed(), workers: snapshot.workers.toReversed() };
      expect(decide(turned, { maxPlacements: 100 }, 0)).toEqual(decisions);
    }));
});
