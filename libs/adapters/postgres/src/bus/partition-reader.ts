import type { IncomingRecord, TopicPartition } from '@millrace/messaging/ports';
import type { RecordRow } from './event-log.postgres.js';

/** One partition as one subscription reads it. The poller moves it on. */
export interface PartitionReader extends TopicPartition {
  readonly partitionId: number;
  /** The next offset to read. */
  position: bigint;
  paused: boolean;
  readonly received: (records: readonly IncomingRecord[]) => void;
}

const decoder = new TextDecoder();

export function recordFromRow(row: RecordRow, { topic, partition }: TopicPartition): IncomingRecord {
  return {
    topic,
    partition,
    offset: BigInt(row.offset),
    key: decoder.decode(row.key),
    headers: JSON.parse(decoder.decode(row.headers)) as Readonly<Record<string, string>>,
    value: row.value,
    appendedAt: Math.round(row.appended_ms),
  };
}
