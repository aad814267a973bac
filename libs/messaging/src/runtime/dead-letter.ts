import { toIso, type Instant } from '@millrace/kernel';
import type { IncomingRecord, OutgoingRecord } from '../ports/event-bus.port.js';

/** Headers that the runtime adds to a dead-letter record. The record's own headers, key and bytes stay as they were. */
export const DEAD_LETTER_HEADERS = {
  topic: 'dlq-original-topic',
  partition: 'dlq-original-partition',
  offset: 'dlq-original-offset',
  group: 'dlq-consumer-group',
  /** Calls of the handler that failed; 0 where the record could not even be read. */
  attempts: 'dlq-attempts',
  /** Times that an operator had put the record back before this death. */
  redrives: 'dlq-redrives',
  /** `true` where the key waits for a redrive or a skip. */
  blocksKey: 'dlq-blocks-key',
  errorClass: 'dlq-error-class',
  reason: 'dlq-error-message',
  failedAt: 'dlq-failed-at',
} as const;

const REASON_CHARACTERS_MAX = 500;

export interface DeadLetterCause {
  readonly group: string;
  readonly attempts: number;
  readonly redrives: number;
  readonly blocksKey: boolean;
  readonly errorClass: string;
  readonly reason: string;
  readonly failedAt: Instant;
}

/** The record for `<topic>.dlq`: raw bytes, original position, attempts and error class. */
export function deadLetterRecord(record: IncomingRecord, cause: DeadLetterCause): OutgoingRecord {
  return {
    topic: `${record.topic}.dlq`,
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      [DEAD_LETTER_HEADERS.topic]: record.topic,
      [DEAD_LETTER_HEADERS.partition]: String(record.partition),
      [DEAD_LETTER_HEADERS.offset]: String(record.offset),
      [DEAD_LETTER_HEADERS.group]: cause.group,
      [DEAD_LETTER_HEADERS.attempts]: String(cause.attempts),
      [DEAD_LETTER_HEADERS.redrives]: String(cause.redrives),
      [DEAD_LETTER_HEADERS.blocksKey]: String(cause.blocksKey),
      [DEAD_LETTER_HEADERS.errorClass]: cause.errorClass,
      [DEAD_LETTER_HEADERS.reason]: cause.reason.slice(0, REASON_CHARACTERS_MAX),
      [DEAD_LETTER_HEADERS.failedAt]: toIso(cause.failedAt),
    },
  };
}
