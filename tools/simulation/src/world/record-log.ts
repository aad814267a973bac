import { TOPIC_NAMES, deadLetterTopic } from '@millrace/contracts';
import type { Clock } from '@millrace/kernel';
import type { IncomingRecord, OutgoingRecord, TopicPartition } from '@millrace/messaging/ports';

const PARTITIONS = 3;

/** Every topic of the contracts with its partitions: append only, and outliving every machine. */
export class RecordLog {
  private readonly partitions = new Map<string, IncomingRecord[]>();

  constructor(private readonly clock: Clock) {
    for (const topic of TOPIC_NAMES.flatMap((name) => [name, deadLetterTopic(name)])) {
      for (const at of partitionsOf(topic)) this.partitions.set(nameOf(at), []);
    }
  }

  append({ topic, key, headers, value }: OutgoingRecord): void {
    const at = { topic, partition: partitionOf(key) };
    const log = this.recordsOf(at);
    log.push({ ...at, offset: BigInt(log.length), appendedAt: this.clock.now(), key, headers: { ...headers }, value });
  }

  read(at: TopicPartition, offset: bigint, limit: number): readonly IncomingRecord[] {
    return this.recordsOf(at).slice(Number(offset), Number(offset) + limit);
  }

  endOf(at: TopicPartition): bigint {
    return BigInt(this.recordsOf(at).length);
  }

  all(): readonly IncomingRecord[] {
    return [...this.partitions.values()].flat();
  }

  private recordsOf(at: TopicPartition): IncomingRecord[] {
    const log = this.partitions.get(nameOf(at));
    if (log === undefined) throw new RangeError(`there is no partition ${nameOf(at)}`);
    return log;
  }
}

export function partitionsOf(topic: string): TopicPartition[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** FNV-1a: the same key always has the same partition. */
export function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash % PARTITIONS;
}
