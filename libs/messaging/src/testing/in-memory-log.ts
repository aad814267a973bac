import { AppError, type Clock } from '@millrace/kernel';
import type { IncomingRecord, OutgoingRecord, TopicPartition } from '../ports/event-bus.port.js';

/** The records of every topic, append only, in memory. */
export class InMemoryLog {
  private readonly topics = new Map<string, IncomingRecord[][]>();

  constructor(private readonly clock: Clock) {}

  /** Makes a topic that is missing; an existing one keeps its partition count. */
  ensure(topic: string, partitions: number): void {
    if (this.topics.has(topic)) return;
    this.topics.set(
      topic,
      Array.from({ length: partitions }, () => []),
    );
  }

  partitionsOf(topic: string): TopicPartition[] {
    return this.partitionLogs(topic).map((_, partition) => ({ topic, partition }));
  }

  /** All or none: a missing topic rejects before the first record is appended. Returns the partitions written. */
  append(records: readonly OutgoingRecord[]): TopicPartition[] {
    for (const record of records) this.partitionLogs(record.topic);
    return records.map((record) => this.appendOne(record));
  }

  /** Records from `offset` on, at most `limit`. */
  read(at: TopicPartition, offset: bigint, limit: number): readonly IncomingRecord[] {
    return this.logOf(at).slice(Number(offset), Number(offset) + limit);
  }

  endOf(at: TopicPartition): bigint {
    return BigInt(this.logOf(at).length);
  }

  /** Every record of a topic, partition by partition. */
  recordsOf(topic: string): readonly IncomingRecord[] {
    return this.partitionLogs(topic).flat();
  }

  private appendOne({ topic, key, headers, value }: OutgoingRecord): TopicPartition {
    const logs = this.partitionLogs(topic);
    const at = { topic, partition: partitionOf(key, logs.length) };
    const log = this.logOf(at);
    const appendedAt = this.clock.now();
    // Copied, as a real bus would: what the producer does to its object later stays invisible.
    log.push({ ...at, offset: BigInt(log.length), appendedAt, key, headers: { ...headers }, value: value.slice() });
    return at;
  }

  private logOf({ topic, partition }: TopicPartition): IncomingRecord[] {
    const log = this.partitionLogs(topic)[partition];
    if (log === undefined) throw new RangeError(`topic ${topic} has no partition ${partition}`);
    return log;
  }

  private partitionLogs(topic: string): IncomingRecord[][] {
    const logs = this.topics.get(topic);
    if (logs !== undefined) return logs;
    throw new AppError({
      kind: 'unavailable',
      code: 'topic_missing',
      message: `topic ${topic} does not exist: run the set-up, which makes it`,
    });
  }
}

/** FNV-1a over UTF-16 units: the same key always has the same partition. */
function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash % partitions;
}

/** A string that names a partition, for maps. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
