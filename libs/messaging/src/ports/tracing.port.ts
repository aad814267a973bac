/** OpenTelemetry's span kinds. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** W3C traceparent of the parent; without one the active span, else a new trace. */
  readonly parent?: string | undefined;
  /** Starts a new trace whatever span is active; `parent` is not given then. For batches, which link instead. */
  readonly root?: boolean;
  /** traceparents of linked spans. */
  readonly links?: readonly string[];
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

export interface Span {
  /** W3C traceparent of this span, to store and to send. */
  readonly traceparent: string;
  setAttributes(attributes: Readonly<Record<string, string | number | boolean>>): void;
  addEvent(name: string, attributes?: Readonly<Record<string, string | number | boolean>>): void;
  end(outcome?: { readonly error?: unknown }): void;
}

/** Makes spans. Production: OpenTelemetry, or a propagating tracer without exporter. Names are OpenTelemetry's. */
export interface Tracer {
  startSpan(name: string, options?: SpanOptions): Span;
  /** Runs `work` with the span active: what is emitted inside carries its context. Does not end the span. */
  withSpan<Result>(span: Span, work: () => Promise<Result>): Promise<Result>;
  /** traceparent of the active span. */
  activeTraceparent(): string | undefined;
}

/** The 32 hex digits of the trace id, or undefined for a malformed traceparent. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '')?.[1];
}
