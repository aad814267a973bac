import type { EventData, EventDefinition } from '@millrace/contracts';

/** An event that a use case emits. Id, time and trace context are stamped when it enters the outbox. */
export interface NewEvent {
  readonly definition: EventDefinition;
  readonly data: unknown;
  /** Omitted where no tenant is concerned (worker heartbeats). */
  readonly tenantId?: string;
  /** Gap-free number within the subject, where the event has one. */
  readonly sequence?: number;
  /** W3C trace context to hand on; by default the one the unit of work runs under. */
  readonly traceparent?: string;
  /** W3C tracestate that belongs to `traceparent`. */
  readonly tracestate?: string;
}

/** Builds a NewEvent with the data checked against the event's schema by the compiler. */
export function newEvent<Definition extends EventDefinition>(
  definition: Definition,
  data: EventData<Definition>,
  attributes: Omit<NewEvent, 'definition' | 'data'> = {},
): NewEvent {
  return { definition: definition as EventDefinition, data, ...attributes };
}

/** An event as a consumer gets it: decoded, its schema checked. */
export interface ReceivedEvent<Data = unknown> {
  /** UUIDv7, made once, the same on every redelivery: the inbox key. */
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string | undefined;
  readonly tenantId: string | undefined;
  readonly sequence: number | undefined;
  /** ISO-8601, when the event was made. */
  readonly time: string;
  readonly traceparent: string | undefined;
  readonly tracestate?: string | undefined;
  readonly topic: string;
  readonly key: string;
  readonly data: Data;
}

/** Narrows a received event to one definition. */
export function isEvent<Definition extends EventDefinition>(
  event: ReceivedEvent,
  definition: Definition,
): event is ReceivedEvent<EventData<Definition>> {
  return event.type === definition.type;
}
