// The active span follows promises, which only AsyncLocalStorage can do: the one Node built-in of this library,
// allowed in this file alone.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Rng } from '@millrace/kernel';
import type { Span, SpanOptions, Tracer } from '../ports/tracing.port.js';

/** W3C trace context: an id of zeros only is none. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;
const SAMPLED = '01';

/**
 * A tracer without exporter: it makes W3C trace contexts and hands them on, so that every record, answer and webhook
 * of a task carries one trace id even where nobody collects spans. Attributes and events go nowhere.
 */
export function createPropagatingTracer(rng: Rng): Tracer {
  const active = new AsyncLocalStorage<Span>();
  return {
    startSpan: (_name: string, options: SpanOptions = {}) =>
      spanOf(childOf(options.root === true ? undefined : (options.parent ?? active.getStore()?.traceparent), rng)),
    withSpan: (span, work) => active.run(span, work),
    activeTraceparent: () => active.getStore()?.traceparent,
  };
}

/** A new span id in the parent's trace; a missing or malformed parent starts a new trace. */
function childOf(parent: string | undefined, rng: Rng): string {
  const match = TRACEPARENT.exec(parent ?? '');
  const traceId = match?.[1] ?? hexId(rng, 16);
  return `00-${traceId}-${hexId(rng, 8)}-${match?.[2] ?? SAMPLED}`;
}

/** Random and never all zeros, which W3C Trace Context reserves as invalid. */
function hexId(rng: Rng, bytes: number): string {
  const id = rng.bytes(bytes);
  if (id.every((byte) => byte === 0)) id[bytes - 1] = 1;
  return Buffer.from(id).toString('hex');
}

function spanOf(traceparent: string): Span {
  return { traceparent, setAttributes: () => {}, addEvent: () => {}, end: () => {} };
}
