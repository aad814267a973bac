import type { History } from '../history.js';
import { acceptedTasks, taskHistories, terminalState } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

/**
 * P1: every accepted task has exactly one terminal event, nothing follows it, and scheduler, gateway and the last
 * answer that a client saw agree with it. So does every task that exists without a client knowing.
 */
export function checkEnds(history: History): readonly Violation[] {
  const tasks = taskHistories(history);
  const known = new Set([...acceptedTasks(history).keys(), ...history.gatewayTasks.map(({ taskId }) => taskId)]);
  return [...known].flatMap((taskId) => {
    const task = tasks.get(taskId);
    const states = (task?.ends ?? []).map((event) => terminalState(event));
    if (states.length === 0) return expectThat(false, 'accepted = ended', taskId, 'no terminal event');
    return [
      ...expectThat(states.length === 1, 'one terminal state', taskId, `ended ${states.join(', then ')}`),
      ...expectThat(
        task?.lifecycle.at(-1) === task?.ends[0],
        'one terminal state',
        taskId,
        'its lifecycle goes on after the end',
      ),
      ...checkRows(history, taskId, states[0] ?? '', task?.ends[0]?.sequence ?? 0),
      ...checkObserved(history, taskId, states[0] ?? ''),
    ];
  });
}

function checkRows(history: History, taskId: string, state: string, sequence: number): readonly Violation[] {
  return (['schedulerTasks', 'gatewayTasks'] as const).flatMap((table) => {
    const row = history[table].find((each) => each.taskId === taskId);
    const found = row === undefined ? 'has no row' : `says ${row.state} at ${row.sequence}`;
    return expectThat(
      row?.state === state && row.sequence === sequence,
      'one terminal state',
      taskId,
      `${table} ${found}, the lifecycle ${state} at ${sequence}`,
    );
  });
}

/** A client that saw an end never sees another state. */
function checkObserved(history: History, taskId: string, state: string): readonly Violation[] {
  const seen = history.observations
    .filter((each) => each.taskId === taskId && each.status !== 'not_found')
    .map(({ status }) => status);
  const first = seen.indexOf(state);
  const wrong = seen.find((status, index) =>
    ['completed', 'failed', 'cancelled', 'expired'].includes(status) || (first !== -1 && index > first)
      ? status !== state
      : false,
  );
  return expectThat(wrong === undefined, 'one terminal state', taskId, `a client saw ${wrong}, it ended ${state}`);
}
