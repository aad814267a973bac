import { toIso, type TaskId, type TenantId } from '@millrace/kernel';
import type {
  Attempt,
  Charge,
  TaskEnd,
  TaskEvent,
  TaskPhase,
  TaskRequest,
  TaskState,
  TaskView,
} from '@millrace/intake/ports';

/** A row of gateway.tasks as `pg` reads it. */
export interface TaskRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly task_type: string;
  readonly created_at: Date;
  readonly request: Omit<TaskRequest, 'id' | 'tenantId' | 'taskType' | 'requestedAt'>;
  readonly state: TaskState;
  readonly phase: TaskPhase | null;
  readonly reason: string | null;
  readonly sequence: number;
  readonly updated_at: Date;
  readonly attempts: readonly Attempt[];
  readonly ending: TaskEnd | null;
  readonly charge: Charge | null;
  readonly cancel_requested_at: Date | null;
  readonly erased_at: Date | null;
}

export interface TaskEventRow {
  readonly task_id: string;
  readonly tenant_id: string;
  readonly sequence: number;
  readonly name: string;
  readonly at: Date;
  readonly data: Record<string, unknown>;
}

export function taskFromRow(row: TaskRow): TaskView {
  return {
    request: {
      ...row.request,
      id: row.id as TaskId,
      tenantId: row.tenant_id as TenantId,
      taskType: row.task_type,
      requestedAt: row.created_at.getTime(),
    },
    state: row.state,
    phase: row.phase,
    reason: row.reason,
    sequence: row.sequence,
    updatedAt: row.updated_at.getTime(),
    attempts: row.attempts,
    end: row.ending,
    charge: row.charge,
    cancelRequestedAt: row.cancel_requested_at?.getTime() ?? null,
    erasedAt: row.erased_at?.getTime() ?? null,
  };
}

/** Columns of the insert, one array each. */
export function requestsToColumns(tasks: readonly TaskRequest[]): readonly unknown[] {
  return [
    tasks.map((task) => task.id),
    tasks.map((task) => task.tenantId),
    tasks.map((task) => task.taskType),
    tasks.map((task) => toIso(task.requestedAt)),
    tasks.map(({ id: _id, tenantId: _tenantId, taskType: _taskType, requestedAt: _requestedAt, ...rest }) =>
      JSON.stringify(rest),
    ),
  ];
}

/** Columns of the update, one array each. */
export function progressToColumns(views: readonly TaskView[]): readonly unknown[] {
  return [
    views.map((view) => view.request.id),
    views.map((view) => view.state),
    views.map((view) => view.phase),
    views.map((view) => view.reason),
    views.map((view) => view.sequence),
    views.map((view) => toIso(view.updatedAt)),
    views.map((view) => JSON.stringify(view.attempts)),
    views.map((view) => (view.end === null ? null : JSON.stringify(view.end))),
    views.map((view) => (view.charge === null ? null : JSON.stringify(view.charge))),
  ];
}

export function eventFromRow(row: TaskEventRow): TaskEvent {
  return {
    taskId: row.task_id as TaskId,
    tenantId: row.tenant_id as TenantId,
    sequence: row.sequence,
    name: row.name,
    at: row.at.getTime(),
    data: row.data,
  };
}

export function eventsToColumns(events: readonly TaskEvent[]): readonly unknown[] {
  return [
    events.map((event) => event.taskId),
    events.map((event) => event.sequence),
    events.map((event) => event.tenantId),
    events.map((event) => event.name),
    events.map((event) => toIso(event.at)),
    events.map((event) => JSON.stringify(event.data)),
  ];
}
