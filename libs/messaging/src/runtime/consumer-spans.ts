import type { ReceivedEvent } from '../ports/event.port.js';
import type { Span, SpanOptions, Tracer } from '../ports/tracing.port.js';

/** OpenTelemetry's default bound of links per span. */
const LINKS_MAX = 128;

/**
 * The span of one handler call (OpenTelemetry messaging conventions, not stable yet: named in this file only). One
 * event: its stored context is the parent, so that what the handler emits stays in the task's trace. Several: a trace
 * of its own that links to them.
 */
export function startConsumerSpan(tracer: Tracer, group: string, batch: readonly ReceivedEvent[]): Span {
  const topics = [...new Set(batch.map(({ topic }) => topic))];
  const attributes = {
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': group,
    'messaging.destination.name': topics.join(','),
    'messaging.batch.message_count': batch.length,
  };
  return tracer.startSpan(`process ${topics.join(',')}`, { kind: 'consumer', attributes, ...placeOf(batch) });
}

function placeOf(batch: readonly ReceivedEvent[]): SpanOptions {
  const links = [...new Set(batch.flatMap(({ traceparent }) => traceparent ?? []))].slice(0, LINKS_MAX);
  const [only] = links;
  if (batch.length === 1) return only === undefined ? { root: true } : { parent: only, links };
  return { root: true, links };
}
