import { ERROR_CATALOGUE } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import type { AttemptState } from '../domain/attempt-state.js';
import type { AttemptReport } from './assignment.js';

export type AttemptFailure = NonNullable<AttemptReport['error']>;

/** The attempt ran as long as one may; another worker, or another try, may be quicker. */
export const TIMED_OUT: AttemptFailure = {
  code: 'attempt_timed_out',
  message: 'The task ran longer than an attempt may; it can be tried again.',
  retryable: true,
};

/**
 * What a client is told of a failure. The task's own faults keep their sentence; of ours only the kind is told, since
 * a message from inside an engine or a store may name what is nobody's business.
 */
export function failureOf(error: unknown, state: AttemptState): AttemptFailure {
  if (error instanceof AppError && error.kind === 'validation' && error.code in ERROR_CATALOGUE) {
    return { code: error.code, message: error.message, retryable: error.retriable };
  }
  if (state === 'uploading' || (error instanceof AppError && error.kind === 'unavailable')) {
    return {
      code: 'service_unavailable',
      message: 'The object store could not be reached; the task can be tried again.',
      retryable: true,
    };
  }
  return {
    code: 'engine_crashed',
    message: 'The engine stopped before the result was finished; the task can be tried again.',
    retryable: true,
  };
}
