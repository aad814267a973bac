import { gunzipSync } from 'node:zlib';
import { startHttpReceiver, type HttpReceiver, type ReceivedRequest, type ReceiverAnswer } from './http-receiver.js';

export type AttributeValue = string | number | boolean | readonly AttributeValue[] | null;

/** A finished span as it was exported, its attributes flattened. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** OpenTelemetry's number: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** `service.name` of the resource. */
  readonly service: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly events: readonly string[];
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
}

export interface OtlpReceiver extends HttpReceiver {
  /** In order of arrival. */
  readonly spans: readonly CollectedSpan[];
}

/** Collects traces sent as OTLP over HTTP in JSON; metrics and logs are taken and dropped. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: CollectedSpan[] = [];
  const receiver = await startHttpReceiver((request) => take(request, spans));
  return { ...receiver, spans };
}

function take(request: ReceivedRequest, spans: CollectedSpan[]): ReceiverAnswer {
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return { status: 415 };
  if (request.path === '/v1/traces') {
    const raw = request.headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body;
    spans.push(...spansOf(JSON.parse(raw.toString('utf8')) as TracesBody));
  }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] };
}
type OtlpAttributes = readonly { readonly key: string; readonly value?: OtlpValue }[];

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind?: number;
  readonly attributes?: OtlpAttributes;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly events?: readonly { readonly name: string }[];
  readonly status?: { readonly code?: number };
}

interface TracesBody {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: OtlpAttributes };
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

function spansOf(body: TracesBody): readonly CollectedSpan[] {
  return (body.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const service = attributesOf(resource?.attributes)['service.name'];
    const name = typeof service === 'string' ? service : undefined;
    return (scopeSpans ?? []).flatMap(({ spans }) => (spans ?? []).map((span) => toCollected(span, name)));
  });
}

function toCollected(span: OtlpSpan, service: string | undefined): CollectedSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId === '' ? undefined : span.parentSpanId,
    name: span.name,
    kind: span.kind ?? 0,
    service,
    attributes: attributesOf(span.attributes),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
    events: (span.events ?? []).map((event) => event.name),
    status: span.status?.code ?? 0,
  };
}

function attributesOf(attributes: OtlpAttributes | undefined): Record<string, AttributeValue> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: OtlpValue | undefined): AttributeValue {
  if (value?.intValue !== undefined) return Number(value.intValue);
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf);
  return value?.stringValue ?? value?.doubleValue ?? value?.boolValue ?? null;
}
