import type { ParkedEvent, ParkedKey, ParkedKind } from '@millrace/messaging/ports';

export interface ParkedRow {
  readonly kind: ParkedKind;
  readonly reason: string;
  readonly parked_ms: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly headers: string;
  readonly value: Buffer;
  readonly appended_ms: number;
  readonly due_ms: number | null;
  readonly failed_tries: number;
  readonly redrives: number;
}

export interface ParkedKeyRow {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly held: number;
  readonly parked: number;
  readonly delayed: number;
  readonly dead: number;
}

export function parkedFromRow(row: ParkedRow): ParkedEvent {
  const { topic, partition, key, value } = row;
  const headers = JSON.parse(row.headers) as Readonly<Record<string, string>>;
  const appendedAt = Math.round(row.appended_ms);
  return {
    kind: row.kind,
    reason: row.reason,
    parkedAt: Math.round(row.parked_ms),
    ...(row.due_ms === null ? {} : { dueAt: Math.round(row.due_ms) }),
    ...(row.failed_tries === 0 ? {} : { failedTries: row.failed_tries }),
    ...(row.redrives === 0 ? {} : { redrives: row.redrives }),
    record: { topic, partition, offset: BigInt(row.offset), key, headers, value, appendedAt },
  };
}

export function keyFromRow({ topic, partition, key, held, parked, delayed, dead }: ParkedKeyRow): ParkedKey {
  return { topic, partition, key, counts: { held, parked, delayed, dead } };
}
