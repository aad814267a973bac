import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
  type Link,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { messageOf } from '@millrace/kernel';
import type { Span, SpanOptions, Tracer } from '@millrace/messaging/ports';

/** Spans wait at most so long before they are sent. */
const EXPORT_DELAY_MS = 1000;

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

export interface OtelTracing {
  readonly tracer: Tracer;
  /** Sends what is left. Bounded by the exporter's own time-out. */
  shutdown(): Promise<void>;
}

/** Spans through OpenTelemetry's SDK to an OTLP/HTTP (JSON) endpoint. Only made where an endpoint is set. */
export function createOtelTracing(options: { endpoint: string; service: string; version: string }): OtelTracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': options.service,
      'service.namespace': 'millrace',
      'service.version': options.version,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${options.endpoint.replace(/\/$/, '')}/v1/traces`,
          timeoutMillis: 5000,
        }),
        scheduledDelayMillis: EXPORT_DELAY_MS,
      }),
    ],
  });
  return {
    tracer: new OtelTracerAdapter(provider.getTracer('millrace', options.version)),
    shutdown: () => provider.shutdown(),
  };
}

class OtelTracerAdapter implements Tracer {
  private readonly active = new AsyncLocalStorage<Span>();

  constructor(private readonly tracer: OtelTracer) {}

  startSpan(name: string, options: SpanOptions = {}): Span {
    const parent = parseTraceparent(options.root === true ? undefined : (options.parent ?? this.activeTraceparent()));
    const links = (options.links ?? []).flatMap((link): Link[] => {
      const context = parseTraceparent(link);
      return context === undefined ? [] : [{ context }];
    });
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const span = this.tracer.startSpan(
      name,
      { kind: KINDS[options.kind ?? 'internal'], links, attributes: { ...options.attributes } },
      context,
    );
    return new OtelSpanAdapter(span);
  }

  withSpan<Result>(span: Span, work: () => Promise<Result>): Promise<Result> {
    return this.active.run(span, work);
  }

  activeTraceparent(): string | undefined {
    return this.active.getStore()?.traceparent;
  }
}

class OtelSpanAdapter implements Span {
  readonly traceparent: string;

  constructor(private readonly span: OtelSpan) {
    const context = span.spanContext();
    this.traceparent = `00-${context.traceId}-${context.spanId}-0${context.traceFlags & TraceFlags.SAMPLED}`;
  }

  setAttributes(attributes: Readonly<Record<string, string | number | boolean>>): void {
    this.span.setAttributes({ ...attributes });
  }

  addEvent(name: string, attributes: Readonly<Record<string, string | number | boolean>> = {}): void {
    this.span.addEvent(name, { ...attributes });
  }

  end(outcome: { readonly error?: unknown } = {}): void {
    if (outcome.error !== undefined)
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(outcome.error) });
    this.span.end();
  }
}

function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  const match = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '');
  if (match === null) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = match;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
