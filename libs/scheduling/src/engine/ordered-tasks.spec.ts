import { describe, expect, it } from '@jest/globals';
import { aTask, taskIdOf } from '../testing/builders.js';
import { toWaitingTask } from './live-state.js';
import { OrderedTasks, type QueuedEntry } from './ordered-tasks.js';

const TASKS = 4_000;
const entry = (number: number): QueuedEntry => ({
  task: toWaitingTask(aTask({ id: taskIdOf(number), requestedAt: number })),
  gone: false,
});

describe('tasks in one order', () => {
  it.each([1, 10, 1_500])('show the first of thousands that came out of order, read after every %i', (perReading) => {
    const list = new OrderedTasks((a, b) => a.requestedAt - b.requestedAt);
    let waiting: QueuedEntry[] = [];
    for (let n = 0; n < TASKS; n++) {
      // Coprime: each number once, and none in order.
      const added = entry((n * 1_607) % TASKS);
      list.add(added);
      waiting.push(added);
      if (n % perReading !== 0 || n % 50 !== 0) continue;
      waiting = waiting.sort((a, b) => a.task.requestedAt - b.task.requestedAt);
      const first = waiting.slice(0, 7).map(({ task }) => task);
      expect(list.first(7)).toEqual(first);
      const went = waiting.shift();
      if (went === undefined) continue;
      went.gone = true;
      list.noteGone();
    }
    expect(list.size).toBe(waiting.length);
    expect(list.first(TASKS)).toEqual(
      waiting.toSorted((a, b) => a.task.requestedAt - b.task.requestedAt).map(({ task }) => task),
    );
  });
});
