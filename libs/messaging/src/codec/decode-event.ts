import { eventOfType, parseEvent, type EventDefinition } from '@millrace/contracts';
import { AppError, messageOf } from '@millrace/kernel';
import type { IncomingRecord } from '../ports/event-bus.port.js';
import type { ReceivedEvent } from '../ports/event.port.js';
import { HEADERS, SPEC_VERSION } from './headers.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a record. Throws an AppError of kind `validation`, which is the record's own fault and final:
 * `event_malformed` (no CloudEvent, or no JSON), `event_type_unknown` (also: a known type on another topic) or
 * `event_schema_mismatch`. Unknown fields are dropped.
 */
export function decodeEvent(record: IncomingRecord): ReceivedEvent {
  const { headers } = record;
  if (headers[HEADERS.specVersion] !== SPEC_VERSION) throw malformed(`header ce_specversion is not ${SPEC_VERSION}`);
  const definition = definitionOf(record, required(headers, HEADERS.type));
  return {
    id: required(headers, HEADERS.id),
    type: definition.type,
    source: required(headers, HEADERS.source),
    subject: headers[HEADERS.subject],
    tenantId: headers[HEADERS.tenantId],
    sequence: sequenceOf(headers[HEADERS.sequence]),
    time: required(headers, HEADERS.time),
    traceparent: headers[HEADERS.traceparent],
    tracestate: headers[HEADERS.tracestate],
    topic: record.topic,
    key: record.key,
    data: parseEvent(definition, jsonOf(record.value)),
  };
}

function definitionOf(record: IncomingRecord, type: string): EventDefinition {
  const definition = eventOfType(type);
  if (definition !== undefined && definition.topic === record.topic) return definition;
  throw new AppError({
    kind: 'validation',
    code: 'event_type_unknown',
    message: `event type "${type}" is not known on topic ${record.topic}: deploy a version that knows it, then redrive`,
    retriable: false,
  });
}

function required(headers: Readonly<Record<string, string>>, name: string): string {
  const value = headers[name];
  if (value === undefined || value === '') throw malformed(`header ${name} is missing`);
  return value;
}

function sequenceOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (!/^\d{1,15}$/.test(header)) throw malformed(`header sequence is "${header.slice(0, 40)}", not a whole number`);
  return Number(header);
}

function jsonOf(value: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(value)) as unknown;
  } catch (error) {
    throw malformed(`the value is not JSON in UTF-8: ${messageOf(error)}`);
  }
}

function malformed(message: string): AppError {
  return new AppError({ kind: 'validation', code: 'event_malformed', message, retriable: false });
}
