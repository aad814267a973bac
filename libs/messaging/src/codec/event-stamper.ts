import { parseEvent } from '@millrace/contracts';
import { toIso, type Clock, type IdGenerator } from '@millrace/kernel';
import type { OutgoingRecord } from '../ports/event-bus.port.js';
import type { NewEvent } from '../ports/event.port.js';
import type { Tracer } from '../ports/tracing.port.js';
import { CONTENT_TYPE, HEADERS, SPEC_VERSION } from './headers.js';

export interface EventStamperOptions {
  readonly clock: Clock;
  /** UUIDv7 in production. */
  readonly ids: IdGenerator;
  /** Whose active span an event belongs to when it names no trace context of its own. */
  readonly tracer?: Pick<Tracer, 'activeTraceparent'>;
}

/**
 * Makes bus records of new events: CloudEvents attributes in headers, JSON in the value (guarantees.md section 1).
 * The id is made here, once; whoever retries a publish sends the same record again.
 */
export class EventStamper {
  constructor(private readonly options: EventStamperOptions) {}

  /** One record per event, same order. Throws `event_schema_mismatch` when data does not match its schema. */
  stamp(events: readonly NewEvent[]): OutgoingRecord[] {
    const time = toIso(this.options.clock.now());
    const active = this.options.tracer?.activeTraceparent();
    return events.map((event) => this.stampOne(event, time, event.traceparent ?? active));
  }

  private stampOne(event: NewEvent, time: string, traceparent: string | undefined): OutgoingRecord {
    const { definition } = event;
    const data = parseEvent(definition, event.data);
    const subject = definition.subject(data);
    const headers: Record<string, string> = {
      [HEADERS.specVersion]: SPEC_VERSION,
      [HEADERS.id]: this.options.ids.next(),
      [HEADERS.source]: definition.source,
      [HEADERS.type]: definition.type,
      [HEADERS.time]: time,
      [HEADERS.contentType]: CONTENT_TYPE,
    };
    if (subject !== undefined) headers[HEADERS.subject] = subject;
    if (event.tenantId !== undefined) headers[HEADERS.tenantId] = event.tenantId;
    if (event.sequence !== undefined) headers[HEADERS.sequence] = String(event.sequence);
    if (traceparent !== undefined) headers[HEADERS.traceparent] = traceparent;
    if (event.tracestate !== undefined) headers[HEADERS.tracestate] = event.tracestate;
    return {
      topic: definition.topic,
      key: definition.key(data),
      headers,
      // From Buffer's pool: a third of what an array of its own costs.
      value: Buffer.from(JSON.stringify(data)),
    };
  }
}
