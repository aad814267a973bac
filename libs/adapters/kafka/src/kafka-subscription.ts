import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { invariant, messageOf, type Clock, type Logger } from '@millrace/kernel';
import type { BusSubscription, RecordSink, SubscribeOptions, TopicPartition } from '@millrace/messaging/ports';
import { BufferedPartition, FetchBuffer } from './fetch-buffer.js';
import { KAFKA_RETRY } from './kafka-client.js';
import { isFenced, partitionNotOwned, toBusError, unavailable } from './kafka-errors.js';
import { fromMessage } from './kafka-record.mapping.js';
import { assignerWithHook } from './mend-kafkajs.js';
import { within } from './within.js';

/** A member that says nothing for so long has lost its partitions. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 1_000;
/** How long a rebalance waits for all members; longer than a sink may take to finish. */
const REBALANCE_TIMEOUT_MS = 30_000;
const REVOKE_WAIT_MS = 15_000;
const REVOKE_HEARTBEAT_MS = 2_000;
/** Longest wait of a fetch that finds nothing: the delay of a pause and of a close, against requests of an idle member. */
const FETCH_WAIT_MS = 500;
const FETCH_BYTES_MAX = 4 * 1024 * 1024;
const PARTITION_BYTES_MAX = 512 * 1024;
const RESTART_DELAY_MS = 1_000;

export interface KafkaSubscriptionParts {
  readonly kafka: Kafka;
  readonly options: SubscribeOptions;
  readonly sink: RecordSink;
  /** For a subscription from the end: where each partition ended before the member joins. */
  readonly positions: ReadonlyMap<string, bigint>;
  /** The group on the brokers; for a subscription from the end one of its own. */
  readonly groupId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  lagOf(subscription: KafkaSubscription): Promise<number>;
  /** After the member has left. */
  closed(subscription: KafkaSubscription): Promise<void>;
}

interface OwnedPartition extends BufferedPartition {
  /** Offset of the next record to hand over; undefined before the first. */
  position?: bigint | undefined;
}

/**
 * One member of a consumer group, over as many kafkajs consumers as it takes: one that crashed for good is replaced.
 * Eager rebalancing: all partitions are given back, finished and committed, before the member joins again.
 */
export class KafkaSubscription implements BusSubscription {
  readonly ready: Promise<void>;
  private settleReady = (): void => {};
  private readonly owned = new Map<string, OwnedPartition>();
  private readonly buffer: FetchBuffer;
  /** What the brokers confirmed, by partition. */
  private readonly committed = new Map<string, string>();
  private consumer: Consumer | undefined;
  private revoking = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: KafkaSubscriptionParts) {
    this.ready = new Promise((resolve) => (this.settleReady = resolve));
    this.buffer = new FetchBuffer({
      deliver: (records) => parts.sink.received(records),
      setFetching: (partition, fetching) => this.setFetching(partition, fetching),
    });
  }

  get groupId(): string {
    return this.parts.groupId;
  }

  get fromEnd(): boolean {
    return this.parts.options.from === 'end';
  }

  /** Owned partitions, with the offset of the next record where one is known. */
  partitions(): readonly (TopicPartition & { readonly position: bigint | undefined })[] {
    return [...this.owned.values()].map(({ topic, partition, position }) => ({ topic, partition, position }));
  }

  /** Starts a consumer. Resolves when it runs; it may not have joined yet. */
  async start(): Promise<void> {
    const { kafka, groupId, options } = this.parts;
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES_MAX,
      maxBytesPerPartition: PARTITION_BYTES_MAX,
      allowAutoTopicCreation: false,
      retry: { ...KAFKA_RETRY, restartOnFailure: async () => this.closing === undefined },
      partitionAssigners: [assignerWithHook((heartbeat) => this.giveBack(heartbeat))],
    });
    this.consumer = consumer;
    consumer.on('consumer.group_join', ({ payload }) => this.joined(consumer, payload.memberAssignment));
    consumer.on('consumer.commit_offsets', ({ payload }) => {
      for (const { topic, partitions } of payload.topics) {
        // Typed as a string; it is a Long.
        for (const { partition, offset } of partitions)
          this.committed.set(nameOf({ topic, partition }), String(offset));
      }
    });
    consumer.on('consumer.crash', ({ payload }) => this.crashed(consumer, payload.error, payload.restart));
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: !this.fromEnd });
    await consumer.run({ autoCommit: false, eachBatch: async (payload) => this.take(payload) });
  }

  async commit(positions: readonly (TopicPartition & { readonly nextOffset: bigint })[]): Promise<void> {
    invariant(!this.fromEnd, 'a subscription from the end commits nothing');
    const lost = positions.find((at) => this.closing !== undefined || !this.owned.has(nameOf(at)));
    if (lost !== undefined) throw partitionNotOwned(nameOf(lost), this.groupId);
    try {
      await this.consumer?.commitOffsets(
        positions.map(({ topic, partition, nextOffset }) => ({ topic, partition, offset: String(nextOffset) })),
      );
    } catch (error) {
      const [first] = positions;
      if (isFenced(error) && first !== undefined) throw partitionNotOwned(nameOf(first), this.groupId);
      throw toBusError(error, 'commit');
    }
    // Between a crash and the next join kafkajs drops a commit without a word.
    const dropped = positions.find((at) => this.committed.get(nameOf(at)) !== String(at.nextOffset));
    if (dropped !== undefined) throw unavailable(`The commit of ${nameOf(dropped)} reached no broker.`);
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const owned of this.ownedOf(partitions)) this.buffer.pause(owned);
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const owned of this.ownedOf(partitions)) this.buffer.resume(owned);
  }

  lag(): Promise<number> {
    return this.parts.lagOf(this);
  }

  close(): Promise<void> {
    this.closing ??= this.leave();
    return this.closing;
  }

  private async leave(): Promise<void> {
    this.buffer.clear();
    await this.consumer?.disconnect();
    this.owned.clear();
    await this.parts.closed(this);
  }

  private take({ batch }: EachBatchPayload): void {
    const owned = this.owned.get(nameOf(batch));
    if (owned === undefined || this.revoking || this.closing !== undefined) return;
    const records = batch.messages.map((message) => fromMessage(batch.topic, batch.partition, message));
    const fresh = records.filter(({ offset }) => offset >= (owned.position ?? 0n));
    const last = fresh.at(-1);
    if (last === undefined) return;
    owned.position = last.offset + 1n;
    this.buffer.push(owned, fresh);
  }

  private joined(consumer: Consumer, assignment: Readonly<Record<string, readonly number[]>>): void {
    // Closed while it was connecting, which kafkajs does not stop: as a member it would hold partitions for nobody.
    if (this.closing !== undefined) return void consumer.disconnect().catch(() => {});
    const names = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    if (this.fromEnd) this.joinedFromEnd(names);
    else this.own(names);
    this.settleReady();
  }

  /** The only member of its group: each join owns the same partitions, and goes on where the last one was. */
  private joinedFromEnd(partitions: readonly TopicPartition[]): void {
    if (this.owned.size === 0) this.own(partitions);
    for (const { topic, partition, position } of this.partitions()) {
      this.consumer?.seek({ topic, partition, offset: String(position ?? 0n) });
    }
  }

  private own(partitions: readonly TopicPartition[]): void {
    this.revoking = false;
    this.buffer.clear();
    this.owned.clear();
    this.committed.clear();
    for (const at of partitions) {
      const owned: OwnedPartition = new BufferedPartition(at.topic, at.partition);
      owned.position = this.parts.positions.get(nameOf(at));
      this.owned.set(nameOf(at), owned);
      this.buffer.add(owned);
      this.setFetching(owned, true);
    }
    this.parts.sink.assigned(partitions);
  }

  /** Called by kafkajs before each join. Heartbeats go on meanwhile, so that the commits of the sink still count. */
  private async giveBack(heartbeat: () => Promise<void>): Promise<void> {
    const partitions = this.partitions().map(({ topic, partition }) => ({ topic, partition }));
    if (this.fromEnd || partitions.length === 0 || this.closing !== undefined) return;
    const { clock, sink, logger } = this.parts;
    this.revoking = true;
    this.buffer.clear();
    let waiting = true;
    const beat = (): void => {
      if (!waiting) return;
      heartbeat().catch(() => {}); // Answers "rebalance in progress", which is why we are here; it counts all the same.
      clock.after(REVOKE_HEARTBEAT_MS, beat);
    };
    beat();
    const inTime = await within(clock, REVOKE_WAIT_MS, sink.revoked(partitions));
    waiting = false;
    if (!inTime) logger.warn('a sink took too long to give its partitions back', { group: this.groupId });
    this.owned.clear();
  }

  /** kafkajs restarts by itself after what it takes for a passing fault; after anything else a new consumer is made. */
  private crashed(consumer: Consumer, error: Error, restarts: boolean): void {
    if (this.closing !== undefined || consumer !== this.consumer) return;
    const { clock, logger } = this.parts;
    logger.error('a Kafka consumer stopped and starts again', { group: this.groupId, error: messageOf(error) });
    if (!restarts) clock.after(RESTART_DELAY_MS, () => void this.restart());
  }

  private async restart(): Promise<void> {
    if (this.closing !== undefined) return;
    try {
      await this.start();
    } catch (error) {
      const { clock, logger } = this.parts;
      logger.error('a Kafka consumer could not start again yet', { group: this.groupId, error: messageOf(error) });
      await this.consumer?.disconnect().catch(() => {});
      clock.after(RESTART_DELAY_MS, () => void this.restart());
    }
  }

  private setFetching({ topic, partition }: TopicPartition, fetching: boolean): void {
    try {
      if (fetching) this.consumer?.resume([{ topic, partitions: [partition] }]);
      else this.consumer?.pause([{ topic, partitions: [partition] }]);
    } catch (error) {
      // kafkajs refuses between a crash and the restart; the next join starts all partitions anew.
      this.parts.logger.debug('fetching was not changed', { topic, partition, error: messageOf(error) });
    }
  }

  private ownedOf(partitions: readonly TopicPartition[]): readonly OwnedPartition[] {
    return partitions.flatMap((at) => this.owned.get(nameOf(at)) ?? []);
  }
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
