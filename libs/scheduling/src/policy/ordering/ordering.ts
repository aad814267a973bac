import type { PendingTask } from '../snapshot.js';

/**
 * Order of service (QUE-02):
 * 1. the higher priority first, strictly;
 * 2. within a priority, the task requested first;
 * 3. ties by id, so that the order is total.
 */
export function byOrderOfService(a: PendingTask, b: PendingTask): number {
  return b.priority - a.priority || a.requestedAt - b.requestedAt || compareIds(a.id, b.id);
}

/** Code unit order: the same on every machine, unlike a locale's. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
