import type { attemptSummary } from '@millrace/contracts';
import { toIso } from '@millrace/kernel';
import { outcomeOf, type Attempt } from '../domain/attempt.js';

type AttemptSummary = (typeof attemptSummary)['_output'];

/** An attempt as every event shows it. */
export function toAttemptSummary(attempt: Attempt): AttemptSummary {
  return {
    number: attempt.number,
    epoch: attempt.epoch,
    worker: attempt.workerId,
    pool: attempt.pool,
    capacity: attempt.capacity,
    outcome: outcomeOf(attempt),
    startedAt: attempt.startedAt === null ? null : toIso(attempt.startedAt),
    endedAt: attempt.endedAt === null ? null : toIso(attempt.endedAt),
    gpuMs: attempt.gpuMs,
    resumedFromStep: attempt.resumedFromStep,
    billable: attempt.billable,
  };
}
