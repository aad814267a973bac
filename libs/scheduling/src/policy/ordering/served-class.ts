import type { Instant } from '@millrace/kernel';
import type { OrderingPolicy, QueuedTask } from './ordering-policy.js';

/** The class that a task is served and charged in at that time: what is past its class's lift age counts with the next one up (QUE-13). */
export function servedClass(
  { priority, requestedAt }: Pick<QueuedTask, 'priority' | 'requestedAt'>,
  at: Instant,
  { classes, otherwise, highestPriority }: OrderingPolicy,
): number {
  let served = priority;
  while (served < highestPriority && at - requestedAt > liftAfterMs(served)) served++;
  return served;

  function liftAfterMs(of: number): number {
    return (classes.get(of) ?? otherwise).liftAfterMs ?? Infinity;
  }
}
