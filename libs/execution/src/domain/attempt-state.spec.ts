import { describe, expect, it } from '@jest/globals';
import { ATTEMPT_COMMANDS, ATTEMPT_STATES, ATTEMPT_TRANSITIONS, isFinal, transition } from './attempt-state.js';

describe('the states of an attempt', () => {
  const live = ATTEMPT_STATES.filter((state) => !isFinal(state));

  it('has five final states, which take no command', () => {
    expect(ATTEMPT_STATES.filter(isFinal)).toEqual(['succeeded', 'failed', 'preempted', 'cancelled', 'abandoned']);
    for (const state of ATTEMPT_STATES.filter(isFinal))
      for (const command of ATTEMPT_COMMANDS) expect(transition(state, command)).toBeUndefined();
  });

  it.each(live)('%s can be preempted, cancelled and abandoned', (state) => {
    expect(transition(state, 'preempt')).toBe('preempted');
    expect(transition(state, 'cancel')).toBe('cancelled');
    expect(transition(state, 'abandon')).toBe('abandoned');
  });

  it('succeeds only after its results are stored', () => {
    const from = ATTEMPT_STATES.filter((state) => ATTEMPT_TRANSITIONS[state].succeed !== undefined);
    expect(from).toEqual(['uploading']);
  });

  it('reaches every state from the first', () => {
    const reached = new Set<string>(['waiting']);
    for (const state of reached)
      for (const next of Object.values(ATTEMPT_TRANSITIONS[state as 'waiting'])) reached.add(next);
    expect(reached.size).toBe(ATTEMPT_STATES.length);
  });
});
