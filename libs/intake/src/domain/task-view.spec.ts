import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aTaskEnd, aTaskRequest, anAttempt } from '../testing/builders.js';
import { CHANGE_KINDS, EFFECTS, TERMINAL_STATES, isTerminal } from './task-state.js';
import { applyChange, applyCharge, hasEnded, newTaskView, type LifecycleChange, type TaskView } from './task-view.js';

const NEW = newTaskView(aTaskRequest(1));

/** A lost attempt, then a second one that succeeds. */
const HISTORY: readonly LifecycleChange[] = [
  { kind: 'queued', sequence: 1, at: 1 },
  { kind: 'scheduled', sequence: 2, at: 2, attempt: anAttempt(), reason: 'first_fitting_worker' },
  { kind: 'started', sequence: 3, at: 3, attempt: anAttempt({ startedAt: 'a' }) },
  { kind: 'requeued', sequence: 4, at: 4, attempt: anAttempt({ outcome: 'lost' }), reason: 'lost' },
  {
    kind: 'scheduled',
    sequence: 5,
    at: 5,
    attempt: anAttempt({ number: 2, epoch: 2 }),
    reason: 'first_fitting_worker',
  },
  { kind: 'started', sequence: 6, at: 6, attempt: anAttempt({ number: 2, epoch: 2, resumedFromStep: 10 }) },
  {
    kind: 'completed',
    sequence: 7,
    at: 7,
    attempts: [anAttempt({ outcome: 'lost' }), anAttempt({ number: 2, epoch: 2, outcome: 'succeeded' })],
    end: aTaskEnd(),
  },
];

function applyAll(changes: readonly LifecycleChange[]): TaskView {
  return changes.reduce((view, change) => {
    const applied = applyChange(view, change);
    return applied.kind === 'applied' ? applied.next : view;
  }, NEW);
}

/** What the consumer runtime does with early ones: holds them until the missing one passes. */
function deliver(changes: readonly LifecycleChange[]): TaskView {
  let view = NEW;
  let held: readonly LifecycleChange[] = [];
  for (const change of changes) {
    for (let again: readonly LifecycleChange[] = [change, ...held]; again.length > 0;) {
      const [next, ...rest] = again;
      if (next === undefined) break;
      const applied = applyChange(view, next);
      if (applied.kind === 'early')
        held = [...held.filter((one) => one !== next), next].sort((a, b) => a.sequence - b.sequence);
      if (applied.kind === 'applied') {
        view = applied.next;
        held = held.filter((one) => one !== next);
        again = held;
      } else again = rest;
    }
  }
  return view;
}

describe('applyChange', () => {
  it('follows a task through a lost attempt to its end', () => {
    const states = HISTORY.map((_, index) => applyAll(HISTORY.slice(0, index + 1)).state);
    expect(states).toEqual(['queued', 'processing', 'processing', 'queued', 'processing', 'processing', 'completed']);
    expect(applyAll(HISTORY).attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'lost'],
      [2, 'succeeded'],
    ]);
  });

  it('replaces an attempt by its later form, and keeps attempts in order', () => {
    expect(
      applyAll(HISTORY.slice(0, 6)).attempts.map(({ number, outcome, resumedFromStep }) => [
        number,
        outcome,
        resumedFromStep,
      ]),
    ).toEqual([
      [1, 'lost', 0],
      [2, null, 10],
    ]);
  });

  it('P4: ignores an older change and says which one is missing before a newer one', () => {
    const view = applyAll(HISTORY.slice(0, 3));
    expect(applyChange(view, HISTORY[1]!)).toEqual({ kind: 'old' });
    expect(applyChange(view, HISTORY[2]!)).toEqual({ kind: 'old' });
    expect(applyChange(view, HISTORY[4]!)).toEqual({ kind: 'early', wanted: 4 });
  });

  it('P4: any order, with any duplicates, ends in the same view', () => {
    const shuffled = fc
      .array(fc.constantFrom(...HISTORY), { maxLength: 20 })
      .chain((extra) => fc.shuffledSubarray([...HISTORY, ...extra], { minLength: HISTORY.length + extra.length }));
    fc.assert(fc.property(shuffled, (changes) => void expect(deliver(changes)).toEqual(applyAll(HISTORY))));
  });

  it('every kind of change has an effect, and only ends are terminal', () => {
    for (const kind of CHANGE_KINDS) {
      expect(isTerminal(EFFECTS[kind].state)).toBe((TERMINAL_STATES as readonly string[]).includes(kind));
    }
    expect(hasEnded(NEW)).toBe(false);
    expect(hasEnded(applyAll(HISTORY))).toBe(true);
  });
});

describe('applyCharge', () => {
  it('P2: the first charge stays', () => {
    const charge = { chargedAt: 'x', cost: '1', gpuMs: 1, billedGpuMs: 1, pricePerGpuHour: '1', byAttempt: [] };
    const charged = applyCharge(NEW, charge);
    expect(applyCharge(charged, { ...charge, cost: '2' })).toBe(charged);
  });
});
