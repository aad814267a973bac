import type { DurationMs } from '@millrace/kernel';

/**
 * One record as it lies on the bus: a CloudEvents 1.0 event in binary mode, attributes in headers, JSON in the value.
 * `key` decides the partition; order is kept within a partition only.
 */
export interface BusRecord {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

export interface OutgoingRecord extends BusRecord {
  /** A topic of the contracts, or its dead-letter topic. */
  readonly topic: string;
}

export interface IncomingRecord extends BusRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When the bus took it, ms since the epoch. */
  readonly appendedAt: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: DurationMs;
}

export interface SubscribeOptions {
  /** Members of one group share the partitions. */
  readonly group: string;
  readonly topics: readonly string[];
  /**
   * `committed`: from the group's committed offset, or the earliest record where there is none.
   * `end`: from the records appended after the subscription is positioned; the group is this member's own and
   * commits nothing.
   */
  readonly from: 'committed' | 'end';
}

/** What the runtime offers to the bus. The bus calls it for one partition at a time, in offset order. */
export interface RecordSink {
  /** Partitions this member now owns. Called before their first record. */
  assigned(partitions: readonly TopicPartition[]): void;
  /** Partitions are about to be taken away. The bus waits for the promise (bounded) before it lets go. */
  revoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** Records of one partition. Returns at once; the sink pauses the partition when it holds too many. */
  received(records: readonly IncomingRecord[]): void;
}

export interface BusSubscription {
  /** Settles when the subscription is positioned: later appends will be received. */
  readonly ready: Promise<void>;
  /** Commits that every record below `nextOffset` is done. Rejects when this member no longer owns the partition. */
  commit(positions: readonly (TopicPartition & { readonly nextOffset: bigint })[]): Promise<void>;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Records between the committed offset and the end, over the owned partitions. */
  lag(): Promise<number>;
  /** Stops fetching and leaves the group. Commits are the caller's, before. */
  close(): Promise<void>;
}

/**
 * At-least-once, ordered per partition, partitioned by key: the semantics of a Kafka topic.
 * Not part of this port: transactions, exactly-once, order across partitions.
 */
export interface EventBus {
  /** Makes what is missing and checks what is there. Never changes a partition count. */
  ensureTopics(topics: readonly TopicSettings[]): Promise<void>;
  /** Resolves when every record is durable (acks=all). Rejects as a whole; a retry may duplicate. */
  publish(records: readonly OutgoingRecord[]): Promise<void>;
  /** Rejects with `unavailable` when a topic is missing. */
  subscribe(options: SubscribeOptions, sink: RecordSink): Promise<BusSubscription>;
  /** One cheap round trip, for readiness. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
