import type { DurationMs, Instant } from '@millrace/kernel';
import type { Task } from './task.js';

/** Pauses before the first, the second, and every later failure retry: what broke gets time to mend. */
export const RETRY_BACKOFF_MS: readonly DurationMs[] = [1_000, 5_000, 30_000];
const LONGEST_MS = Math.max(...RETRY_BACKOFF_MS);

/**
 * When a task that was requeued after a failure may run again; null for all others. A preempted or lost attempt asks
 * for no pause: it says nothing about the task.
 */
export function retryNotBefore(task: Pick<Task, 'attempts' | 'failureRetries'>): Instant | null {
  const last = task.attempts.at(-1);
  if (last?.state !== 'failed' || last.endedAt === null || task.failureRetries === 0) return null;
  const pause = RETRY_BACKOFF_MS[Math.min(task.failureRetries, RETRY_BACKOFF_MS.length) - 1];
  return pause === undefined ? null : last.endedAt + pause;
}

/** A time further away than any pause was written by another clock: it holds nobody up. */
export function isBackingOff(notBefore: Instant | null, now: Instant): boolean {
  return notBefore !== null && now < notBefore && notBefore - now <= LONGEST_MS;
}
