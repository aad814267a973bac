import type { TaskId } from '@millrace/kernel';

export interface TaskLinks {
  readonly status: string;
  readonly task: string;
  readonly events: string;
  readonly cancel: string;
  readonly artifacts: string;
}

/** Ready-made paths of a task. */
export function linksOf(id: TaskId): TaskLinks {
  const task = `/api/v1/tasks/${id}`;
  return {
    status: `/api/v1/status/${id}`,
    task,
    events: `${task}/events`,
    cancel: `${task}/cancel`,
    artifacts: `${task}/artifacts`,
  };
}
