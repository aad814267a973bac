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
}

export interface ParkedKeyRow {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly held: number;
  readonly parked: number;
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
    record: { topic, partition, offset: BigInt(row.offset), key, headers, value, appendedAt },
  };
}

export function keyFromRow({ topic, partition, key, held, parked, dead }: ParkedKeyRow): ParkedKey {
  return { topic, partition, key, counts: { held, parked, dead } };
}
