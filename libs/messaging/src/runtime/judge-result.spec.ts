import { describe, expect, it } from '@jest/globals';
import { ACK, type HandlerResult } from '../ports/index.js';
import { judgeResult, type Judgement } from './judge-result.js';

const REASON = { reason: 'because' };
const retry: HandlerResult = { kind: 'retry', ...REASON };

/** result, failed tries, behind an unfinished record → judgement */
const TABLE: readonly (readonly [string, HandlerResult, number, boolean, Judgement])[] = [
  ['an acknowledged event is applied', ACK, 0, false, { kind: 'applied' }],
  ['also behind an unfinished one', ACK, 0, true, { kind: 'applied' }],
  ['the first failure waits 100 ms', retry, 0, false, { kind: 'again', delayMs: 100 }],
  ['the second 400 ms', retry, 1, false, { kind: 'again', delayMs: 400 }],
  ['the third 1.6 s', retry, 2, false, { kind: 'again', delayMs: 1_600 }],
  [
    'the fourth waits in the store',
    retry,
    3,
    false,
    { kind: 'settle', verdict: { kind: 'delay', ...REASON, delayMs: 30_000 } },
  ],
  ['the fifth too', retry, 4, false, { kind: 'settle', verdict: { kind: 'delay', ...REASON, delayMs: 300_000 } }],
  [
    'the sixth is the last',
    retry,
    5,
    false,
    { kind: 'settle', verdict: { kind: 'dead', ...REASON, errorClass: 'retries_exhausted' } },
  ],
  ['a follower of a failed record is not counted', retry, 3, true, { kind: 'behind' }],
  ['a handler may ask for longer', { ...retry, afterMs: 9_000 }, 0, false, { kind: 'again', delayMs: 9_000 }],
  ['not for shorter', { ...retry, afterMs: 1 }, 1, false, { kind: 'again', delayMs: 400 }],
  ['nor beyond the limit', { ...retry, afterMs: 900_000 }, 0, false, { kind: 'again', delayMs: 30_000 }],
  [
    'a hold is settled',
    { kind: 'hold', ...REASON },
    0,
    false,
    { kind: 'settle', verdict: { kind: 'hold', ...REASON } },
  ],
  ['a hold behind an unfinished record waits in memory', { kind: 'hold', ...REASON }, 0, true, { kind: 'behind' }],
  [
    'a park is settled',
    { kind: 'park', ...REASON },
    0,
    false,
    { kind: 'settle', verdict: { kind: 'park', ...REASON } },
  ],
  ['a park behind an unfinished record waits in memory', { kind: 'park', ...REASON }, 0, true, { kind: 'behind' }],
  ['our own fault counts no try', { kind: 'unavailable', ...REASON }, 3, false, { kind: 'unavailable', ...REASON }],
  [
    'a verdict of death stands at once',
    { kind: 'dead', ...REASON },
    0,
    true,
    { kind: 'settle', verdict: { kind: 'dead', ...REASON, errorClass: 'rejected_by_handler' } },
  ],
];

describe('judging a handler result (guarantees.md section 1)', () => {
  it.each(TABLE)('%s', (_, result, failedTries, behindUnfinished, wanted) => {
    const limits = {
      retryDelaysMs: [100, 400, 1_600],
      retryAfterMaxMs: 30_000,
      delayedRetryDelaysMs: [30_000, 300_000],
    };
    expect(judgeResult(result, { ...limits, failedTries, behindUnfinished })).toEqual(wanted);
  });
});
