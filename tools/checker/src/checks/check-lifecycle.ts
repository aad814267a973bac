import type { History } from '../history.js';
import { shortType, taskHistories } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

/** P4: the lifecycle of each task is numbered from 1 without a gap, and each number is one event. */
export function checkLifecycle(history: History): readonly Violation[] {
  return [...taskHistories(history).values()].flatMap(({ taskId, lifecycle }) => {
    const numbers = lifecycle.map(({ sequence }) => sequence ?? 0);
    const gap = numbers.findIndex((number, index) => number !== index + 1);
    const shown = lifecycle.map((event) => `${event.sequence} ${shortType(event)}`).join(', ');
    return [
      ...expectThat(gap === -1, 'sequence gap-free', taskId, `is numbered ${shown}`),
      ...lifecycle
        .filter((event) => (event.data as { readonly sequence?: number }).sequence !== event.sequence)
        .map((event): Violation => ({
          assertion: 'sequence gap-free',
          subject: taskId,
          detail: `${shortType(event)} is ${event.sequence} outside and another number inside`,
        })),
    ];
  });
}
