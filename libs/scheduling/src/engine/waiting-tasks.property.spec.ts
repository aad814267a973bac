import { describe, expect, it } from '@jest/globals';
import type { TaskId, TenantId } from '@millrace/kernel';
import fc from 'fast-check';
import type { Task } from '../domain/task.js';
import { aTask, taskIdOf } from '../testing/builders.js';
import { InMemorySchedulingDatabase } from '../testing/in-memory-scheduling-stores.js';
import { toWaitingTask } from './live-state.js';
import { WaitingTasks } from './waiting-tasks.js';

type Step = { readonly put: Task } | { readonly remove: TaskId } | { readonly read: number };

const id = fc.integer({ min: 1, max: 40 }).map(taskIdOf);
const put = fc
  .record({
    id,
    taskType: fc.constantFrom('a', 'b'),
    priority: fc.constantFrom(-1, 0),
    tenantId: fc.constantFrom('x', 'y', 'z').map((name) => name as TenantId),
    requestedAt: fc.integer({ min: 0, max: 9 }),
    p50GpuMs: fc.constantFrom(1, 2, 3),
  })
  .map(({ p50GpuMs, ...task }): Step => ({
    put: aTask({ ...task, prediction: { p50GpuMs, p90GpuMs: p50GpuMs, basis: 'history', samples: 9 } }),
  }));
const step = fc.oneof(
  { arbitrary: put, weight: 4 },
  { arbitrary: id.map((remove): Step => ({ remove })), weight: 2 },
  { arbitrary: fc.integer({ min: 1, max: 5 }).map((read): Step => ({ read })), weight: 1 },
);

/** What the stores show of the same tasks, by id. */
async function shownByStores(tasks: ReadonlyMap<TaskId, Task>, reading: Parameters<WaitingTasks['shown']>[0]) {
  const database = new InMemorySchedulingDatabase({ now: () => 0, monotonicMs: () => 0, after: () => () => {} });
  const stores = database.stores();
  await stores.tasks.insert([...tasks.values()]);
  return (await stores.tasks.pending(reading)).toSorted(byId);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

describe('waiting tasks in memory', () => {
  it('ADR 14: show what the tables show, however tasks came and went', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 150, size: 'max' }),
        fc.integer({ min: 1, max: 12 }),
        async (steps, rowsMax) => {
          const memory = new WaitingTasks();
          const tasks = new Map<TaskId, Task>();
          for (const action of [...steps, { read: 3 }]) {
            if ('put' in action) {
              memory.put(toWaitingTask(action.put));
              tasks.set(action.put.id, action.put);
            } else if ('remove' in action) {
              memory.remove(action.remove);
              tasks.delete(action.remove);
            } else {
              for (const groupsMax of [2, 100]) {
                const reading = { perTenant: action.read, groupsMax, rowsMax };
                const shown = memory.shown(reading).toSorted(byId);
                expect(shown).toEqual(await shownByStores(tasks, reading));
              }
            }
          }
          expect(memory.size).toBe(tasks.size);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('forgets what went, also where thousands went without a reading', () => {
    const memory = new WaitingTasks();
    const task = (number: number) => toWaitingTask(aTask({ id: taskIdOf(number), requestedAt: number }));
    for (let n = 1; n <= 5_000; n++) memory.put(task(n));
    for (let n = 1; n <= 4_999; n++) memory.remove(taskIdOf(n));
    memory.put(task(7));
    const reading = { perTenant: 9, groupsMax: 9, rowsMax: 99 };
    expect(memory.shown(reading).map(({ id: shown }) => shown)).toEqual([taskIdOf(7), taskIdOf(5_000)]);
    for (const number of [7, 5_000]) memory.remove(taskIdOf(number));
    expect([memory.size, memory.shown(reading)]).toEqual([0, []]);
  });
});
