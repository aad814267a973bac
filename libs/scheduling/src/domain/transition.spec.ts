import { describe, expect, it } from '@jest/globals';
import { aHolder, aReport, aRequest, aTask } from '../testing/builders.js';
import type { TaskCommand, TaskCommandKind } from './task-command.js';
import type { Task, TaskState } from './task.js';
import { TASK_TRANSITIONS } from './task-transitions.js';
import { enqueue, ruleFor, transition } from './transition.js';

type Command = Exclude<TaskCommand, { kind: 'requested' }>;
const NOW = 1_000_000;

const retryable = { code: 'engine_crashed', message: 'The engine stopped.', retryable: true };
const final = { code: 'engine_input_invalid', message: 'No such size.', retryable: false };
const checkpoint = { key: 'k', step: 10, modelHash: 'h' };

const COMMANDS: Readonly<Record<Exclude<TaskCommandKind, 'requested'>, Command>> = {
  cancelRequested: { kind: 'cancelRequested' },
  leased: { kind: 'leased', holder: aHolder(), reason: 'first_fitting_worker' },
  started: { kind: 'started', report: aReport({ gpuMs: 0 }) },
  checkpointed: { kind: 'checkpointed', report: aReport({ number: 2, checkpoint, gpuMs: 700 }) },
  succeeded: {
    kind: 'succeeded',
    report: aReport({ number: 3, gpuMs: 1_000, segmentCount: 2 }),
    result: { artifacts: [], media: null, engine: 'noop' },
  },
  failed: { kind: 'failed', report: aReport({ number: 3, gpuMs: 1_000 }), error: retryable },
  preempted: { kind: 'preempted', report: aReport({ number: 3, checkpoint }) },
  cancelled: { kind: 'cancelled', report: aReport({ number: 3 }) },
  lost: { kind: 'lost', closedAtMs: 4_000, counted: true },
  expired: { kind: 'expired' },
};

function after(task: Task, ...commands: readonly Command[]): Task {
  return commands.reduce((state, command) => transition(state, command, NOW).next, task);
}

const queued = aTask();
const leased = after(queued, COMMANDS.leased);
const running = after(leased, COMMANDS.started);
const cancelling = after(running, COMMANDS.cancelRequested);
const ended = (state: TaskState): Task => ({ ...queued, state });

interface Row {
  readonly given: string;
  readonly task: Task;
  readonly command: Command;
  readonly to: TaskState;
  /** Kinds of the events, in order. */
  readonly tells: readonly string[];
}

const rows: readonly Row[] = [
  {
    given: 'a queued task, leased',
    task: queued,
    command: COMMANDS.leased,
    to: 'processing',
    tells: ['scheduled', 'assigned'],
  },
  {
    given: 'a queued task, cancelled',
    task: queued,
    command: COMMANDS.cancelRequested,
    to: 'cancelled',
    tells: ['cancelled'],
  },
  {
    given: 'a task that was never leased, past its time',
    task: queued,
    command: COMMANDS.expired,
    to: 'expired',
    tells: ['expired'],
  },
  { given: 'a leased task, started', task: leased, command: COMMANDS.started, to: 'processing', tells: ['started'] },
  { given: 'a running task, checkpointed', task: running, command: COMMANDS.checkpointed, to: 'processing', tells: [] },
  {
    given: 'a running task, to be cancelled',
    task: running,
    command: COMMANDS.cancelRequested,
    to: 'processing',
    tells: ['cancelOrdered'],
  },
  {
    given: 'a running task that succeeds',
    task: running,
    command: COMMANDS.succeeded,
    to: 'completed',
    tells: ['completed', 'attemptClosed'],
  },
  {
    given: 'a leased task that succeeds without a word of its start',
    task: leased,
    command: COMMANDS.succeeded,
    to: 'completed',
    tells: ['completed', 'attemptClosed'],
  },
  {
    given: 'WRK-13: a failure that a retry may mend',
    task: running,
    command: COMMANDS.failed,
    to: 'queued',
    tells: ['requeued', 'attemptClosed'],
  },
  {
    given: 'WRK-13: a failure that no retry mends',
    task: running,
    command: { ...COMMANDS.failed, error: final } as Command,
    to: 'failed',
    tells: ['failed', 'attemptClosed'],
  },
  {
    given: 'WRK-13: a failure with no retry left',
    task: { ...running, failureRetries: 3 },
    command: COMMANDS.failed,
    to: 'failed',
    tells: ['failed', 'attemptClosed'],
  },
  {
    given: 'WRK-15: a preemption with no retry left',
    task: { ...running, failureRetries: 3, lostDeliveries: 2 },
    command: COMMANDS.preempted,
    to: 'queued',
    tells: ['requeued', 'attemptClosed'],
  },
  {
    given: 'QUE-07: the first expiry',
    task: running,
    command: COMMANDS.lost,
    to: 'queued',
    tells: ['requeued', 'attemptClosed'],
  },
  {
    given: 'VEC-28: the third expiry',
    task: { ...running, lostDeliveries: 2 },
    command: COMMANDS.lost,
    to: 'failed',
    tells: ['failed', 'attemptClosed'],
  },
  {
    given: 'a third expiry that does not count',
    task: { ...running, lostDeliveries: 2 },
    command: { ...COMMANDS.lost, counted: false } as Command,
    to: 'queued',
    tells: ['requeued', 'attemptClosed'],
  },
  {
    given: 'a worker that stopped without being asked',
    task: running,
    command: COMMANDS.cancelled,
    to: 'queued',
    tells: ['requeued', 'attemptClosed'],
  },
  {
    given: 'cancelling, and it succeeds',
    task: cancelling,
    command: COMMANDS.succeeded,
    to: 'completed',
    tells: ['completed', 'attemptClosed'],
  },
  {
    given: 'cancelling, and it fails',
    task: cancelling,
    command: COMMANDS.failed,
    to: 'cancelled',
    tells: ['cancelled', 'attemptClosed'],
  },
  {
    given: 'cancelling, and it is preempted',
    task: cancelling,
    command: COMMANDS.preempted,
    to: 'cancelled',
    tells: ['cancelled', 'attemptClosed'],
  },
  {
    given: 'cancelling, and its worker is lost',
    task: cancelling,
    command: COMMANDS.lost,
    to: 'cancelled',
    tells: ['cancelled', 'attemptClosed'],
  },
  {
    given: 'cancelling, and its worker says so',
    task: cancelling,
    command: COMMANDS.cancelled,
    to: 'cancelled',
    tells: ['cancelled', 'attemptClosed'],
  },
  {
    given: 'cancelling, and it starts',
    task: after(leased, COMMANDS.cancelRequested),
    command: COMMANDS.started,
    to: 'processing',
    tells: ['started'],
  },
];

const refused: readonly (readonly [string, Task, readonly (keyof typeof COMMANDS)[]])[] = [
  ['a queued task', queued, ['started', 'checkpointed', 'succeeded', 'failed', 'preempted', 'cancelled', 'lost']],
  ['a requeued task', after(running, COMMANDS.preempted), ['expired', 'started', 'succeeded', 'lost']],
  ['a running task', running, ['leased', 'started', 'expired']],
  ['a task that is being cancelled', cancelling, ['cancelRequested', 'leased', 'expired']],
  ...(['completed', 'failed', 'cancelled', 'expired'] as const).map(
    (state) => [`a ${state} task`, ended(state), Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]] as const,
  ),
];

describe('transition', () => {
  it.each(rows)('$given: $to', ({ task, command, to, tells }) => {
    const { next, events, applied } = transition(task, command, NOW);
    expect(applied).toBe(true);
    expect(next.state).toBe(to);
    expect(events.map(({ kind }) => kind)).toEqual(tells);
  });

  it.each(refused)('%s stays as it is on what the table does not list', (_, task, kinds) => {
    for (const kind of kinds) {
      expect(transition(task, COMMANDS[kind], NOW)).toEqual({ next: task, events: [], applied: false });
    }
  });

  it('the specs above take every rule of the table', () => {
    const taken = new Set(rows.map(({ task, command }) => ruleFor(task, command)));
    expect(TASK_TRANSITIONS.filter((rule) => !taken.has(rule))).toEqual([]);
  });

  it('a new task is queued with sequence 1 and tells so', () => {
    const { next, events } = enqueue(aRequest(), NOW);
    expect(next).toMatchObject({ state: 'queued', sequence: 1, epoch: 0, attempts: [] });
    expect(events).toEqual([{ kind: 'queued', sequence: 1, at: NOW }]);
  });

  it('each lease has the next number and epoch, and the price it was given at', () => {
    const again = after(running, COMMANDS.preempted, {
      kind: 'leased',
      holder: aHolder({ workerId: 'worker-2', pricePerGpuHour: 5n }),
      reason: 'r',
    });
    expect(
      again.attempts.map(({ number, epoch, workerId, pricePerGpuHour }) => [number, epoch, workerId, pricePerGpuHour]),
    ).toEqual([
      [1, 1, 'worker-1', 900_000_000n],
      [2, 2, 'worker-2', 5n],
    ]);
    expect(again).toMatchObject({ epoch: 2, phase: 'scheduled' });
  });

  it('a checkpoint stays with the task when its attempt is lost', () => {
    expect(after(running, COMMANDS.checkpointed, COMMANDS.lost).checkpoint).toEqual(checkpoint);
  });

  it('GPU time of an attempt never goes back', () => {
    const late: Command = { kind: 'checkpointed', report: aReport({ number: 5, gpuMs: 10 }) };
    expect(after(running, COMMANDS.checkpointed, late).attempts[0]?.gpuMs).toBe(700);
  });

  it.each([
    ['a success', COMMANDS.succeeded, true],
    ['a cancellation', COMMANDS.cancelled, true],
    ['a failure of the input', { ...COMMANDS.failed, error: final } as Command, true],
    ['a failure of the platform', COMMANDS.failed, false],
    ['a preemption', COMMANDS.preempted, false],
    ['a loss', COMMANDS.lost, false],
  ])('%s is billable: %s', (_, command, billable) => {
    const task = command === COMMANDS.cancelled ? cancelling : running;
    expect(after(task, command).attempts[0]?.billable).toBe(billable);
  });

  it('VEC-28: a task that lost three workers fails as dead_lettered, with an error a client can read', () => {
    const failed = after({ ...running, lostDeliveries: 2 }, COMMANDS.lost);
    expect(failed).toMatchObject({ reason: 'dead_lettered', lostDeliveries: 3, error: { code: 'dead_lettered' } });
  });

  it('VEC-29: fails every time: attempts 1 to 3 are requeued, the 4th fails with the error', () => {
    let task = aTask({ maxRetries: 3 });
    const states = [1, 2, 3, 4].map(() => {
      task = after(task, COMMANDS.leased, COMMANDS.started, COMMANDS.failed);
      return [task.state, task.failureRetries];
    });
    expect(states).toEqual([
      ['queued', 1],
      ['queued', 2],
      ['queued', 3],
      ['failed', 3],
    ]);
    expect(task).toMatchObject({ error: retryable, reason: 'crash' });
  });
});
