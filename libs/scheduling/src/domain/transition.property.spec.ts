import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aHolder, aReport, aRequest, idOf } from '../testing/builders.js';
import { isLive } from './attempt.js';
import type { TaskCommand } from './task-command.js';
import { TASK_STATES, isTerminal, liveAttempt, type Task } from './task.js';
import { MAX_LOST_DELIVERIES, TASK_TRANSITIONS } from './task-transitions.js';
import { enqueue, transition, type TaskEvent } from './transition.js';

type Command = Exclude<TaskCommand, { kind: 'requested' }>;

const report = fc
  .record({ number: fc.integer({ min: 1, max: 30 }), gpuMs: fc.integer({ min: 0, max: 100_000 }) })
  .map((facts) => aReport(facts));

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .integer({ min: 0, max: 3 })
      .map((worker): Command => ({ kind: 'leased', holder: aHolder({ incarnation: idOf(worker) }), reason: 'r' })),
  },
  { weight: 4, arbitrary: report.map((facts): Command => ({ kind: 'started', report: facts })) },
  report.map((facts): Command => ({ kind: 'checkpointed', report: facts })),
  report.map((facts): Command => ({
    kind: 'succeeded',
    report: facts,
    result: { artifacts: [], media: null, engine: 'e' },
  })),
  {
    weight: 3,
    arbitrary: fc.tuple(report, fc.boolean()).map(([facts, retryable]): Command => ({
      kind: 'failed',
      report: facts,
      error: { code: 'engine_crashed', message: '', retryable },
    })),
  },
  { weight: 2, arbitrary: report.map((facts): Command => ({ kind: 'preempted', report: facts })) },
  report.map((facts): Command => ({ kind: 'cancelled', report: facts })),
  { weight: 3, arbitrary: fc.boolean().map((counted): Command => ({ kind: 'lost', closedAtMs: 1, counted })) },
  fc.constant<Command>({ kind: 'cancelRequested' }),
  fc.constant<Command>({ kind: 'expired' }),
);

interface History {
  readonly states: readonly Task[];
  readonly events: readonly TaskEvent[];
}

function play(commands: readonly Command[]): History {
  const first = enqueue(aRequest({ priority: 1, maxRetries: 2 }), 0);
  const states = [first.next];
  const events = [...first.events];
  commands.forEach((each, index) => {
    const step = transition(states.at(-1) ?? first.next, each, index + 1);
    states.push(step.next);
    events.push(...step.events);
  });
  return { states, events };
}

const LIFECYCLE = new Set([
  'queued',
  'scheduled',
  'started',
  'requeued',
  'completed',
  'failed',
  'cancelled',
  'expired',
]);

function always(property: (history: History) => void): void {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => property(play(commands))),
    { numRuns: 500 },
  );
}

describe('any history of a task', () => {
  it('P1: has one terminal state at most, and stays in it', () =>
    always(({ states, events }) => {
      const first = states.findIndex(isTerminal);
      if (first >= 0) expect(states.slice(first).every((state) => state === states[first])).toBe(true);
      const terminal = events.filter(({ kind }) => ['completed', 'failed', 'cancelled', 'expired'].includes(kind));
      expect(terminal).toHaveLength(first >= 0 ? 1 : 0);
    }));

  it('P4: numbers its lifecycle events from 1 without a gap', () =>
    always(({ states, events }) => {
      const numbers = events
        .filter(({ kind }) => LIFECYCLE.has(kind))
        .map((event) => ('sequence' in event ? event.sequence : 0));
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      expect(states.at(-1)?.sequence).toBe(numbers.length);
    }));

  it('P7: never has two live leases, and each lease has a higher epoch', () =>
    always(({ states }) => {
      for (const { attempts } of states) {
        expect(attempts.filter(isLive).length).toBeLessThanOrEqual(1);
        expect(attempts.map(({ epoch }) => epoch)).toEqual(attempts.map((_, index) => index + 1));
      }
    }));

  it('has a live lease exactly while it is processing', () =>
    always(({ states }) => {
      for (const state of states) expect(liveAttempt(state) !== undefined).toBe(state.state === 'processing');
    }));

  it('QUE-10: never changes its lane or its place in it', () =>
    always(({ states }) => {
      for (const { taskType, priority, requestedAt } of states) {
        expect([taskType, priority, requestedAt]).toEqual([
          states[0]?.taskType,
          states[0]?.priority,
          states[0]?.requestedAt,
        ]);
      }
    }));

  it('QUE-07, WRK-13: keeps within its budgets of retries and deliveries', () =>
    always(({ states }) => {
      const last = states.at(-1);
      expect(last?.failureRetries).toBeLessThanOrEqual(2);
      expect(last?.lostDeliveries).toBeLessThanOrEqual(MAX_LOST_DELIVERIES);
    }));

  it('gives each attempt one outcome, however often it is closed', () =>
    always(({ states, events }) => {
      const closed = events.filter((event) => event.kind === 'attemptClosed');
      const over = states.at(-1)?.attempts.filter((attempt) => !isLive(attempt)) ?? [];
      expect([...new Set(closed.map(({ attempt }) => attempt.epoch))]).toEqual(over.map(({ epoch }) => epoch));
      for (const { attempt } of closed) {
        expect(over.find(({ epoch }) => epoch === attempt.epoch)).toEqual(attempt);
      }
    }));

  it('P11: closes a task that ended and had attempts as final once, with its last attempt and sequence', () =>
    always(({ states, events }) => {
      const last = states.at(-1);
      const finals = events.filter((event) => event.kind === 'attemptClosed' && event.final);
      const wanted = last !== undefined && isTerminal(last) && last.attempts.length > 0;
      expect(finals).toEqual(
        wanted ? [{ kind: 'attemptClosed', attempt: last.attempts.at(-1), final: true, sequence: last.sequence }] : [],
      );
    }));

  it('after a cancellation was asked for, is never queued again', () =>
    always(({ states }) => {
      for (const state of states) if (state.cancelRequested) expect(state.state).not.toBe('queued');
    }));

  it('a terminal state has no rule', () => {
    const terminal = TASK_STATES.filter((state) => isTerminal({ state }));
    expect(TASK_TRANSITIONS.filter(({ from }) => terminal.includes(from))).toEqual([]);
  });
});
