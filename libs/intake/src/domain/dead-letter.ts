import type { Instant } from '@millrace/kernel';

export const DEAD_LETTER_STATES = ['open', 'redriven', 'skipped'] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** A record that a consumer group could not apply, and what became of it. Not of one tenant: the operator's. */
export interface DeadLetter {
  /** Of group and position: the same record always has the same. */
  readonly id: string;
  readonly state: DeadLetterState;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Raw bytes, the first `PAYLOAD_BYTES_MAX`. */
  readonly payload: Uint8Array;
  /** Of the whole record. */
  readonly payloadBytes: number;
  readonly eventId: string | null;
  readonly eventType: string | null;
  readonly tenantId: string | null;
  readonly taskId: string | null;
  readonly attempts: number;
  readonly redrives: number;
  readonly errorClass: string;
  readonly reason: string;
  readonly blocksKey: boolean;
  readonly failedAt: Instant;
  /** When the gateway was told. */
  readonly createdAt: Instant;
  readonly resolvedAt: Instant | null;
  /** Id of the API key that decided. */
  readonly resolvedBy: string | null;
}

/** Above any event there is; a longer record is kept in part and can't be published again. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024;

export function isTruncated(letter: Pick<DeadLetter, 'payload' | 'payloadBytes'>): boolean {
  return letter.payload.byteLength < letter.payloadBytes;
}

/** Whether the record has to be published for a redrive to work: one that blocks its key is kept whole by its group. */
export function needsPayload(letter: Pick<DeadLetter, 'blocksKey'>): boolean {
  return !letter.blocksKey;
}
