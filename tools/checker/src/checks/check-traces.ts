import { traceIdOf } from '@millrace/messaging/ports';
import type { History } from '../history.js';
import { shortType, taskHistories } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

/** Topics whose every record carries its task's trace. */
const TRACED = ['task.requested', 'task.lifecycle', 'attempt.reported', 'attempt.closed', 'billing.charged'];

/** P19: one trace id per task, in every event, answer and webhook. */
export function checkTraces(history: History): readonly Violation[] {
  const answered = new Map(
    history.submissions.flatMap(({ acceptedIds, traceIds = [] }) =>
      acceptedIds.map((taskId, index) => [taskId, traceIds[index]] as const),
    ),
  );
  const told = Map.groupBy(
    history.receipts.map(({ body }) => tellingOf(body)),
    ({ taskId }) => taskId,
  );
  return [...taskHistories(history).values()].flatMap(({ taskId, events }) => {
    const traced = events.filter(({ topic }) => TRACED.includes(topic));
    const untraced = traced.find(({ traceparent }) => traceIdOf(traceparent) === undefined);
    const ids = new Set(
      [
        ...traced.map(({ traceparent }) => traceIdOf(traceparent)),
        ...(told.get(taskId) ?? []).map(({ traceId }) => traceId),
        answered.get(taskId),
      ].filter((id) => id !== undefined),
    );
    return [
      ...expectThat(ids.size <= 1, 'one trace', taskId, `has the traces ${[...ids].join(', ')}`),
      ...expectThat(
        untraced === undefined,
        'one trace',
        taskId,
        untraced === undefined ? '' : `${shortType(untraced)} has no trace`,
      ),
    ];
  });
}

function tellingOf(body: string): { readonly taskId: string; readonly traceId: string | undefined } {
  const { data } = JSON.parse(body) as { readonly data?: { readonly task_id?: string; readonly trace_id?: string } };
  return { taskId: data?.task_id ?? '', traceId: data?.trace_id };
}
