import {
  attemptCancelled,
  attemptClosed,
  taskAssigned,
  taskCancelled,
  taskCompleted,
  taskExpired,
  taskFailed,
  taskQueued,
  taskRequeued,
  taskScheduled,
  taskStarted,
} from '@millrace/contracts';
import { assertNever, toIso, type DurationMs } from '@millrace/kernel';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';
import type { Attempt } from '../domain/attempt.js';
import { gpuMsOf, processingMs, provisionalCost, type Task } from '../domain/task.js';
import type { TaskEvent } from '../domain/transition.js';
import { toAttemptSummary } from './attempt-summary.js';

/** One event of the domain as it goes on the bus, under the task's own trace. `task` is the task after the change. */
export function toMessage(task: Task, event: TaskEvent, leaseMs: DurationMs): NewEvent {
  switch (event.kind) {
    case 'queued':
      return newEvent(
        taskQueued,
        { ...lifecycle(task, event), ...request(task), priority: task.priority },
        attributes(task, event.sequence),
      );
    case 'scheduled':
      return newEvent(
        taskScheduled,
        { ...lifecycle(task, event), attempt: toAttemptSummary(event.attempt), reason: event.reason },
        attributes(task, event.sequence),
      );
    case 'started':
      return newEvent(
        taskStarted,
        { ...lifecycle(task, event), attempt: toAttemptSummary(event.attempt) },
        attributes(task, event.sequence),
      );
    case 'requeued':
      return newEvent(
        taskRequeued,
        { ...lifecycle(task, event), attempt: toAttemptSummary(event.attempt), reason: event.reason },
        attributes(task, event.sequence),
      );
    case 'completed':
    case 'failed':
    case 'cancelled':
    case 'expired':
      return terminalMessage(task, event);
    case 'assigned':
      return assignment(task, event.attempt, leaseMs);
    case 'cancelOrdered':
      return newEvent(attemptCancelled, addressee(task, event.attempt), attributes(task));
    case 'attemptClosed':
      return closing(task, event);
    default:
      return assertNever(event, 'task event');
  }
}

type TerminalEvent = Extract<TaskEvent, { kind: 'completed' | 'failed' | 'cancelled' | 'expired' }>;

function terminalMessage(task: Task, event: TerminalEvent): NewEvent {
  const ending = {
    ...lifecycle(task, event),
    ...request(task),
    metadata: { ...task.metadata },
    attempts: task.attempts.map(toAttemptSummary),
    gpuMs: gpuMsOf(task),
    provisionalCost: provisionalCost(task).toString(),
    processingMs: processingMs(task),
  };
  const sent = attributes(task, event.sequence);
  switch (event.kind) {
    case 'completed': {
      const { artifacts, media, engine } = event.result;
      const result = { artifacts: [...artifacts], ...(media === null ? {} : { media }), engine };
      return newEvent(taskCompleted, { ...ending, status: 'completed', ...result }, sent);
    }
    case 'failed':
      return newEvent(taskFailed, { ...ending, status: 'failed', reason: event.reason, error: event.error }, sent);
    case 'cancelled':
      return newEvent(taskCancelled, { ...ending, status: 'cancelled' }, sent);
    case 'expired':
      return newEvent(taskExpired, { ...ending, status: 'expired' }, sent);
    default:
      return assertNever(event, 'terminal event');
  }
}

/** The command to run an attempt; also what is sent again, with the same epoch, to a worker that lacks it. */
export function assignment(task: Task, attempt: Attempt, leaseMs: DurationMs): NewEvent {
  const { model, input, resolution, parameters } = task.work;
  return newEvent(
    taskAssigned,
    {
      ...addressee(task, attempt),
      costCentre: task.costCentre,
      taskType: task.taskType,
      model,
      input,
      ...(resolution === null ? {} : { resolution }),
      parameters,
      ...(attempt.devices === undefined ? {} : { devices: [...attempt.devices] }),
      ...(attempt.deviceMilli === undefined ? {} : { deviceMilli: [...attempt.deviceMilli] }),
      leaseMs,
      pricePerGpuHour: attempt.pricePerGpuHour.toString(),
      ...(task.checkpoint === null ? {} : { resumeFrom: task.checkpoint }),
    },
    attributes(task),
  );
}

function closing(task: Task, event: Extract<TaskEvent, { kind: 'attemptClosed' }>): NewEvent {
  const { attempt } = event;
  return newEvent(
    attemptClosed,
    {
      taskId: task.id,
      tenantId: task.tenantId,
      attempt: attempt.number,
      epoch: attempt.epoch,
      costCentre: task.costCentre,
      workerId: attempt.workerId,
      instanceId: attempt.instanceId,
      pool: attempt.pool,
      outcome: toAttemptSummary(attempt).outcome ?? 'lost',
      ...(attempt.state === 'failed' ? { fault: attempt.billable ? ('user' as const) : ('platform' as const) } : {}),
      closedAt: attempt.closedAtMs,
      ...(attempt.segmentCount === null ? {} : { segmentCount: attempt.segmentCount }),
      final: event.final,
      sequence: event.sequence,
    },
    attributes(task),
  );
}

function lifecycle(task: Task, event: { readonly sequence: number; readonly at: number }) {
  return { taskId: task.id, tenantId: task.tenantId, sequence: event.sequence, occurredAt: toIso(event.at) };
}

function request(task: Task) {
  return {
    taskType: task.taskType,
    requestedAt: toIso(task.requestedAt),
    ...(task.callbackUrl === null ? {} : { callbackUrl: task.callbackUrl }),
  };
}

function addressee(task: Task, attempt: Attempt) {
  const { workerId, incarnation, number, epoch } = attempt;
  return { workerId, incarnation, taskId: task.id, tenantId: task.tenantId, attempt: number, epoch };
}

function attributes(task: Task, sequence?: number) {
  return {
    tenantId: task.tenantId,
    ...(sequence === undefined ? {} : { sequence }),
    ...(task.traceparent === null ? {} : { traceparent: task.traceparent }),
  };
}
