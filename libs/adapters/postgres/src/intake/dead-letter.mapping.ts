import { toIso } from '@millrace/kernel';
import type { DeadLetter, DeadLetterState } from '@millrace/intake/ports';

/** A row of gateway.dead_letters as `pg` reads it. */
export interface DeadLetterRow {
  readonly id: string;
  readonly state: DeadLetterState;
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly headers: string;
  readonly payload: Buffer;
  readonly payload_bytes: number;
  readonly event_id: string | null;
  readonly event_type: string | null;
  readonly tenant_id: string | null;
  readonly task_id: string | null;
  readonly attempts: number;
  readonly redrives: number;
  readonly error_class: string;
  readonly reason: string;
  readonly blocks_key: boolean;
  readonly failed_at: Date;
  readonly created_at: Date;
  readonly resolved_at: Date | null;
  readonly resolved_by: string | null;
}

export function deadLetterFromRow(row: DeadLetterRow): DeadLetter {
  return {
    ...{ id: row.id, state: row.state, group: row.consumer, topic: row.topic, partition: row.partition },
    ...{ offset: BigInt(row.offset), key: row.key, payload: row.payload, payloadBytes: row.payload_bytes },
    headers: JSON.parse(row.headers) as Readonly<Record<string, string>>,
    ...{ eventId: row.event_id, eventType: row.event_type, tenantId: row.tenant_id, taskId: row.task_id },
    ...{ attempts: row.attempts, redrives: row.redrives, errorClass: row.error_class, reason: row.reason },
    blocksKey: row.blocks_key,
    failedAt: row.failed_at.getTime(),
    createdAt: row.created_at.getTime(),
    resolvedAt: row.resolved_at?.getTime() ?? null,
    resolvedBy: row.resolved_by,
  };
}

/** Columns of the insert, one array each. Postgres stores no NUL in text; the payload has the bytes as they came. */
export function deadLettersToColumns(letters: readonly DeadLetter[]): unknown[] {
  const text = (value: string | null): string | null => value?.replaceAll('\0', '') ?? null;
  return [
    letters.map(({ id }) => id),
    letters.map(({ group }) => text(group)),
    letters.map(({ topic }) => text(topic)),
    letters.map(({ partition }) => partition),
    letters.map(({ offset }) => offset),
    letters.map(({ key }) => text(key)),
    letters.map(({ headers }) => JSON.stringify(headers)),
    letters.map(({ payload }) => Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)),
    letters.map(({ payloadBytes }) => payloadBytes),
    letters.map(({ eventId }) => text(eventId)),
    letters.map(({ eventType }) => text(eventType)),
    letters.map(({ tenantId }) => text(tenantId)),
    letters.map(({ taskId }) => text(taskId)),
    letters.map(({ attempts }) => attempts),
    letters.map(({ redrives }) => redrives),
    letters.map(({ errorClass }) => text(errorClass)),
    letters.map(({ reason }) => text(reason)),
    letters.map(({ blocksKey }) => blocksKey),
    letters.map(({ failedAt }) => toIso(failedAt)),
    letters.map(({ createdAt }) => toIso(createdAt)),
  ];
}
