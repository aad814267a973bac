import { assertNever, type DurationMs } from '@millrace/kernel';
import type { HandlerResult } from '../ports/handler-result.js';
import type { RecordPosition, Resolution } from '../ports/parked-event-store.port.js';

/** What is to be done with a record before its offset may move. */
export type Verdict =
  /** Applied; a stored copy of it must go. */
  | { readonly kind: 'applied' }
  | { readonly kind: 'hold'; readonly reason: string }
  | { readonly kind: 'park'; readonly reason: string }
  /** Its retries in process are used up: it is tried again later, from the store. */
  | { readonly kind: 'delay'; readonly reason: string; readonly delayMs: DurationMs }
  | { readonly kind: 'dead'; readonly reason: string; readonly errorClass: string }
  /** Not an event: an operator's decision about a dead record of this group. */
  | { readonly kind: 'resolve'; readonly resolution: Resolution; readonly position: RecordPosition };

export type Judgement =
  | { readonly kind: 'applied' }
  /** Try this record again, after a delay. */
  | { readonly kind: 'again'; readonly delayMs: DurationMs }
  /** An earlier record of the key is not done: wait for it, without counting a try. */
  | { readonly kind: 'behind' }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'settle'; readonly verdict: Verdict };

export interface Circumstances {
  /** Tries that failed before this one. */
  readonly failedTries: number;
  /** An earlier record of the same key and batch is to be tried again. */
  readonly behindUnfinished: boolean;
  readonly retryDelaysMs: readonly DurationMs[];
  readonly delayedRetryDelaysMs: readonly DurationMs[];
  readonly retryAfterMaxMs: DurationMs;
  /** Error class for the dead letter when the retries are used up. */
  readonly errorClass?: string;
}

/** Decides what one handler result means for its record (guarantees.md section 1, "Consumer runtime"). Pure. */
export function judgeResult(result: HandlerResult, circumstances: Circumstances): Judgement {
  switch (result.kind) {
    case 'ack':
      return { kind: 'applied' };
    case 'dead':
      return { kind: 'settle', verdict: { kind: 'dead', reason: result.reason, errorClass: 'rejected_by_handler' } };
    case 'unavailable':
      return { kind: 'unavailable', reason: result.reason };
    case 'hold':
    case 'park':
      if (circumstances.behindUnfinished) return { kind: 'behind' };
      return { kind: 'settle', verdict: { kind: result.kind, reason: result.reason } };
    case 'retry':
      return circumstances.behindUnfinished ? { kind: 'behind' } : judgeRetry(result, circumstances);
    default:
      return assertNever(result, 'handler result');
  }
}

function judgeRetry(result: HandlerResult & { kind: 'retry' }, circumstances: Circumstances): Judgement {
  const delayMs = circumstances.retryDelaysMs[circumstances.failedTries];
  if (delayMs !== undefined) {
    const askedMs = Math.min(result.afterMs ?? 0, circumstances.retryAfterMaxMs);
    return { kind: 'again', delayMs: Math.max(delayMs, askedMs) };
  }
  const laterMs = circumstances.delayedRetryDelaysMs[circumstances.failedTries - circumstances.retryDelaysMs.length];
  if (laterMs !== undefined) {
    return { kind: 'settle', verdict: { kind: 'delay', reason: result.reason, delayMs: laterMs } };
  }
  const errorClass = circumstances.errorClass ?? 'retries_exhausted';
  return { kind: 'settle', verdict: { kind: 'dead', reason: result.reason, errorClass } };
}
