import { eventOfType, taskCharged, type EventData, type EventDefinition } from '@millrace/contracts';
import type { ReceivedEvent } from '@millrace/messaging/ports';
import type { History, RecordedEvent } from './history.js';

const TERMINAL: Readonly<Record<string, string>> = {
  'io.millrace.task.completed.v1': 'completed',
  'io.millrace.task.failed.v1': 'failed',
  'io.millrace.task.cancelled.v1': 'cancelled',
  'io.millrace.task.expired.v1': 'expired',
};

/** The state a lifecycle event ends its task in; undefined for one that does not end it. */
export function terminalState(event: ReceivedEvent): string | undefined {
  return TERMINAL[event.type];
}

/** All that the topics say of one task; each event once, however often it was published. */
export interface TaskHistory {
  readonly taskId: string;
  readonly events: readonly RecordedEvent[];
  /** By sequence. */
  readonly lifecycle: readonly RecordedEvent[];
  readonly ends: readonly RecordedEvent[];
  readonly charged: readonly RecordedEvent[];
}

/** Tasks of the topics, by id. */
export function taskHistories(history: History): ReadonlyMap<string, TaskHistory> {
  const byTask = Map.groupBy(distinct(history.records), (event) => event.subject ?? '');
  byTask.delete('');
  return new Map([...byTask].map(([taskId, events]) => [taskId, historyOf(taskId, events)]));
}

function historyOf(taskId: string, events: readonly RecordedEvent[]): TaskHistory {
  const lifecycle = events
    .filter(({ topic }) => topic === 'task.lifecycle')
    .sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
  return {
    taskId,
    events,
    lifecycle,
    ends: lifecycle.filter((event) => terminalState(event) !== undefined),
    charged: events.filter(({ type }) => type === taskCharged.type),
  };
}

/** The first record of each event. */
function distinct(records: readonly RecordedEvent[]): readonly RecordedEvent[] {
  const seen = new Set<string>();
  return records.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** Data of the events of one type, each event once. */
export function dataOf<Definition extends EventDefinition>(
  events: readonly ReceivedEvent[],
  definition: Definition,
): readonly EventData<Definition>[] {
  return events.filter(({ type }) => type === definition.type).map(({ data }) => data as EventData<Definition>);
}

/** Ids of accepted tasks, with the tenant whose request was accepted. */
export function acceptedTasks(history: History): ReadonlyMap<string, string> {
  return new Map(
    history.submissions.flatMap(({ tenantId, acceptedIds }) => acceptedIds.map((id) => [id, tenantId] as const)),
  );
}

/** Last word but the version: `task.completed` of `io.millrace.task.completed.v1`. */
export function shortType(event: ReceivedEvent): string {
  return eventOfType(event.type) === undefined ? event.type : event.type.split('.').slice(2, -1).join('.');
}
