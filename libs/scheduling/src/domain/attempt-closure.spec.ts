import { describe, expect, it } from '@jest/globals';
import { aHolder, aReport, aTask } from '../testing/builders.js';
import type { TaskCommand } from './task-command.js';
import type { Task } from './task.js';
import { transition, type TaskEvent } from './transition.js';

type Command = Exclude<TaskCommand, { kind: 'requested' }>;
const NOW = 1_000_000;
const LEASED: Command = { kind: 'leased', holder: aHolder(), reason: 'first_fitting_worker' };
const STARTED: Command = { kind: 'started', report: aReport() };
const CANCEL: Command = { kind: 'cancelRequested' };

const queued = aTask();
const running = after(queued, LEASED, STARTED);

function after(task: Task, ...commands: readonly Command[]): Task {
  return commands.reduce((state, command) => transition(state, command, NOW).next, task);
}

function lastEvent(task: Task, command: Command): TaskEvent | undefined {
  return transition(task, command, NOW).events.at(-1);
}

describe('what billing is told of an attempt that ended', () => {
  it('where it ended on the instance clock, how many segments it has, and whether it is the last', () => {
    const done: Command = {
      kind: 'succeeded',
      report: aReport({ number: 2, atMs: 1_000, segmentCount: 2 }),
      result: { artifacts: [], media: null, engine: 'noop' },
    };
    expect(lastEvent(running, done)).toMatchObject({
      kind: 'attemptClosed',
      attempt: { closedAtMs: 1_000, segmentCount: 2 },
      final: true,
      sequence: 4,
    });
    expect(lastEvent(running, { kind: 'lost', closedAtMs: 4_000, counted: true })).toMatchObject({
      kind: 'attemptClosed',
      attempt: { closedAtMs: 4_000, segmentCount: null },
      final: false,
      sequence: 4,
    });
  });

  it('P11: cancelled while it waits, its last attempt is closed again as final, with the same facts', () => {
    const preempted: Command = { kind: 'preempted', report: aReport({ number: 2, atMs: 7_000, segmentCount: 3 }) };
    expect(transition(after(running, preempted), CANCEL, NOW).events).toEqual([
      { kind: 'cancelled', sequence: 5, at: NOW },
      {
        kind: 'attemptClosed',
        attempt: expect.objectContaining({ number: 1, state: 'preempted', closedAtMs: 7_000, segmentCount: 3 }),
        final: true,
        sequence: 5,
      },
    ]);
  });

  it('nothing of a task that never had an attempt', () => {
    expect(transition(queued, CANCEL, NOW).events.map(({ kind }) => kind)).toEqual(['cancelled']);
  });
});
