import {
  taskCancelled,
  taskCompleted,
  taskExpired,
  taskFailed,
  taskQueued,
  taskRequeued,
  taskScheduled,
  taskStarted,
  type EventData,
  type taskCharged,
} from '@millrace/contracts';
import type { TaskId, TenantId } from '@millrace/kernel';
import { isEvent, type ReceivedEvent } from '@millrace/messaging/ports';
import { EFFECTS } from '../domain/task-state.js';
import type { Charge, LifecycleChange, TaskEnd } from '../domain/task-view.js';
import type { TaskEvent } from './ports/intake-stores.port.js';

type EndingData =
  | EventData<typeof taskCancelled>
  | EventData<typeof taskCompleted>
  | EventData<typeof taskFailed>
  | EventData<typeof taskExpired>;

/** A lifecycle event in the gateway's terms; undefined for an event that is none. */
export function toChange(event: ReceivedEvent): LifecycleChange | undefined {
  const at = (data: { readonly sequence: number; readonly occurredAt: string }) => ({
    sequence: data.sequence,
    at: Date.parse(data.occurredAt),
  });
  if (isEvent(event, taskQueued)) return { kind: 'queued', ...at(event.data) };
  if (isEvent(event, taskScheduled)) {
    return { kind: 'scheduled', ...at(event.data), attempt: event.data.attempt, reason: event.data.reason };
  }
  if (isEvent(event, taskStarted)) return { kind: 'started', ...at(event.data), attempt: event.data.attempt };
  if (isEvent(event, taskRequeued)) {
    return { kind: 'requeued', ...at(event.data), attempt: event.data.attempt, reason: event.data.reason };
  }
  if (isEvent(event, taskCompleted)) return { kind: 'completed', ...at(event.data), ...ending(event.data) };
  if (isEvent(event, taskFailed))
    return { kind: 'failed', ...at(event.data), reason: event.data.reason, ...ending(event.data) };
  if (isEvent(event, taskCancelled)) return { kind: 'cancelled', ...at(event.data), ...ending(event.data) };
  if (isEvent(event, taskExpired)) return { kind: 'expired', ...at(event.data), ...ending(event.data) };
  return undefined;
}

/** The task and its tenant, of any event that is about a task. */
export function taskOf(event: ReceivedEvent): { readonly taskId: TaskId; readonly tenantId: TenantId } {
  return event.data as { taskId: TaskId; tenantId: TenantId };
}

export function toCharge(data: EventData<typeof taskCharged>): Charge {
  const { chargedAt, cost, gpuMs, billedGpuMs, pricePerGpuHour } = data;
  const byAttempt = data.byAttempt.map((line) => ({
    attempt: line.attempt,
    outcome: line.outcome,
    gpuMs: line.gpuMs,
    cost: line.cost,
  }));
  return { chargedAt, cost, gpuMs, billedGpuMs, pricePerGpuHour, byAttempt };
}

/** What is kept of a lifecycle event for clients that resume: no artifact keys, no callback. */
export function toTaskEvent(event: ReceivedEvent, change: LifecycleChange): TaskEvent {
  const effect = EFFECTS[change.kind];
  const data = { status: effect.state, ...(change.reason === undefined ? {} : { reason: change.reason }) };
  return {
    ...taskOf(event),
    sequence: change.sequence,
    name: effect.eventName,
    at: change.at,
    data: { ...data, ...(change.attempt === undefined ? {} : { attempt: change.attempt }), ...endFacts(change.end) },
  };
}

function endFacts(end: TaskEnd | undefined): Record<string, unknown> {
  if (end === undefined) return {};
  return {
    processingMs: end.processingMs,
    gpuMs: end.gpuMs,
    provisionalCost: end.provisionalCost,
    failure: end.failure,
  };
}

function ending(data: EndingData): Pick<LifecycleChange, 'attempts' | 'end'> {
  return {
    attempts: data.attempts,
    end: {
      at: Date.parse(data.occurredAt),
      processingMs: data.processingMs,
      gpuMs: data.gpuMs,
      provisionalCost: data.provisionalCost,
      artifacts: 'artifacts' in data ? data.artifacts : [],
      media: 'artifacts' in data ? (data.media ?? null) : null,
      engine: 'artifacts' in data ? data.engine : null,
      failure: 'error' in data ? data.error : null,
    },
  };
}
