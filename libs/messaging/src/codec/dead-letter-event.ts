import { toIso } from '@millrace/kernel';
import type { IncomingRecord } from '../ports/event-bus.port.js';
import type { ReceivedEvent } from '../ports/event.port.js';
import { DEAD_LETTER_HEADERS } from '../runtime/dead-letter.js';
import { HEADERS } from './headers.js';

/** Type of the events that stand for dead letters; never on the bus itself. */
export const DEAD_LETTER_TYPE = 'io.millrace.dead-letter';
const UNKNOWN = 'unknown';
const OWN_HEADERS: ReadonlySet<string> = new Set(Object.values(DEAD_LETTER_HEADERS));

/** A record that a consumer group could not apply, as it lies in the dead-letter topic. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  /** The record's own headers and bytes, unchanged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
  readonly group: string;
  readonly attempts: number;
  readonly redrives: number;
  readonly errorClass: string;
  readonly reason: string;
  /** ISO-8601. */
  readonly failedAt: string;
  /** Its key waits in the group until it is redriven or skipped. */
  readonly blocksKey: boolean;
}

/** Reads a record of a dead-letter topic. Total: whatever its headers lack is said to be unknown. */
export function deadLetterEvent(record: IncomingRecord): ReceivedEvent<DeadLetter> {
  const { headers } = record;
  const own = Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name)));
  const position = `${record.topic}/${record.partition}/${record.offset}`;
  const failedAt = headers[DEAD_LETTER_HEADERS.failedAt] ?? '';
  return {
    ...{ id: position, type: DEAD_LETTER_TYPE, source: headers[HEADERS.source] ?? UNKNOWN, sequence: undefined },
    ...{ subject: headers[HEADERS.subject], tenantId: headers[HEADERS.tenantId] },
    time: toIso(record.appendedAt),
    ...{ traceparent: headers[HEADERS.traceparent], topic: record.topic, key: record.key },
    data: {
      topic: headers[DEAD_LETTER_HEADERS.topic] ?? record.topic.replace(/\.dlq$/, ''),
      partition: numberOf(headers[DEAD_LETTER_HEADERS.partition]),
      offset: BigInt(numberOf(headers[DEAD_LETTER_HEADERS.offset])),
      ...{ key: record.key, headers: own, value: record.value },
      group: headers[DEAD_LETTER_HEADERS.group] ?? UNKNOWN,
      attempts: numberOf(headers[DEAD_LETTER_HEADERS.attempts]),
      redrives: numberOf(headers[DEAD_LETTER_HEADERS.redrives]),
      errorClass: headers[DEAD_LETTER_HEADERS.errorClass] ?? UNKNOWN,
      reason: headers[DEAD_LETTER_HEADERS.reason] ?? UNKNOWN,
      failedAt: Number.isNaN(Date.parse(failedAt)) ? toIso(record.appendedAt) : failedAt,
      blocksKey: headers[DEAD_LETTER_HEADERS.blocksKey] === 'true',
    },
  };
}

/** Narrows a received event to a dead letter. */
export function isDeadLetter(event: ReceivedEvent): event is ReceivedEvent<DeadLetter> {
  return event.type === DEAD_LETTER_TYPE;
}

function numberOf(header: string | undefined): number {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : 0;
}
