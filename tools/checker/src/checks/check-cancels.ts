import type { History } from '../history.js';
import { shortType, taskHistories, terminalState } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

/**
 * An acknowledged cancel is obeyed within `graceMs`: after that nothing gives the task a new lease, and it ends as
 * nothing but cancelled. Whatever was decided before the scheduler could know of it stands.
 */
export function checkCancels(history: History, graceMs: number): readonly Violation[] {
  const tasks = taskHistories(history);
  return history.cancellations.flatMap(({ taskId, acknowledgedAtMs }) => {
    const late = (tasks.get(taskId)?.lifecycle ?? []).find(
      (event) => event.appendedAtMs > acknowledgedAtMs + graceMs && terminalState(event) !== 'cancelled',
    );
    return expectThat(
      late === undefined,
      'cancelled in time',
      taskId,
      late === undefined ? '' : `${shortType(late)} ${late.appendedAtMs - acknowledgedAtMs} ms after its cancellation`,
    );
  });
}
