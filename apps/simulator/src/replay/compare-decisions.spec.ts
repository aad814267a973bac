import { describe, expect, it } from '@jest/globals';
import type { RecordedDecision } from '@millrace/scheduling/policy';
import { compareDecisions } from './compare-decisions.js';

const PLACE: RecordedDecision = { kind: 'place', task: 'a', worker: 'w', devices: [0], reason: 'warm_model' };
const WAIT: RecordedDecision = { kind: 'wait', task: 'b', reason: 'preempting', victims: ['x'] };

describe('two lists of decisions', () => {
  it('are the same in any order', () => {
    expect(compareDecisions([PLACE, WAIT], [WAIT, PLACE])).toEqual({ same: 2, differing: [] });
  });

  it.each([
    ['another worker', { ...PLACE, worker: 'v' }],
    ['another device', { ...PLACE, devices: [1] }],
    ['more devices', { ...PLACE, devices: [0, 1] }],
    ['another reason', { ...PLACE, reason: 'same_type' }],
    ['a wait', { kind: 'wait', task: 'a', reason: 'pool_busy' } as const],
  ])('differ in %s', (_, replayed) => {
    expect(compareDecisions([PLACE], [replayed])).toEqual({
      same: 0,
      differing: [{ task: 'a', recorded: PLACE, replayed }],
    });
  });

  it('differ in other victims, and in what only one of them has', () => {
    const other = { ...WAIT, victims: ['y'] };
    expect(compareDecisions([WAIT, PLACE], [other, { ...PLACE, task: 'c' }])).toEqual({
      same: 0,
      differing: [
        { task: 'b', recorded: WAIT, replayed: other },
        { task: 'a', recorded: PLACE, replayed: undefined },
        { task: 'c', recorded: undefined, replayed: { ...PLACE, task: 'c' } },
      ],
    });
  });
});
