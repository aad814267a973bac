import kafkajs from 'kafkajs';
import type { Admin, Kafka, Producer } from 'kafkajs';
import { messageOf, systemIds, type Clock, type IdGenerator, type Logger } from '@millrace/kernel';
import type {
  BusSubscription,
  EventBus,
  OutgoingRecord,
  RecordSink,
  SubscribeOptions,
  TopicSettings,
} from '@millrace/messaging/ports';
import { ConnectOnce } from './connect-once.js';
import { createKafkaClient, KAFKA_RETRY } from './kafka-client.js';
import { toBusError, unavailable } from './kafka-errors.js';
import { toMessage } from './kafka-record.mapping.js';
import { KafkaSubscription, nameOf } from './kafka-subscription.js';
import { KafkaTopics } from './kafka-topics.js';
import { PublishQueue } from './publish-queue.js';
import { within } from './within.js';

const ACKS_ALL = -1;
const PRODUCE_TIMEOUT_MS = 30_000;
const PING_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 10_000;

export interface KafkaEventBusOptions {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  /** Shown in the brokers' logs and quotas: the service's name. */
  readonly clientId: string;
  /** Copies of each record, for topics that `ensureTopics` makes. The brokers' default where absent. */
  readonly replication?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes the names of groups that read from the end. @default systemIds */
  readonly ids?: IdGenerator;
}

/** The event bus on Apache Kafka. Connects with the first use. */
export function createKafkaEventBus(options: KafkaEventBusOptions): EventBus {
  return new KafkaEventBus(options);
}

class KafkaEventBus implements EventBus {
  private readonly kafka: Kafka;
  private readonly admin: ConnectOnce<Admin>;
  private readonly producer: ConnectOnce<Producer>;
  private readonly topics: KafkaTopics;
  private readonly queue = new PublishQueue((records) => this.send(records));
  private readonly subscriptions = new Set<KafkaSubscription>();
  private closed = false;

  constructor(private readonly options: KafkaEventBusOptions) {
    this.kafka = createKafkaClient(options);
    this.admin = new ConnectOnce(() => this.kafka.admin({ retry: KAFKA_RETRY }));
    this.producer = new ConnectOnce(() =>
      this.kafka.producer({
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
        allowAutoTopicCreation: false,
        idempotent: false,
        retry: KAFKA_RETRY,
      }),
    );
    this.topics = new KafkaTopics(this.admin, options.clock, options.replication);
  }

  async ensureTopics(topics: readonly TopicSettings[]): Promise<void> {
    await this.onBrokers('topics', () => this.topics.ensure(topics));
  }

  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    this.assertOpen();
    const topics = [...new Set(records.map(({ topic }) => topic))];
    if (!this.topics.allKnown(topics)) await this.onBrokers('publish', () => this.topics.assertExist(topics));
    await this.queue.publish(records);
  }

  async subscribe(options: SubscribeOptions, sink: RecordSink): Promise<BusSubscription> {
    await this.onBrokers('subscribe', () => this.topics.assertExist(options.topics));
    const fromEnd = options.from === 'end';
    const positions = fromEnd ? await this.onBrokers('subscribe', () => this.ends(options.topics)) : new Map();
    const groupId = fromEnd ? `${options.group}.${(this.options.ids ?? systemIds).next()}` : options.group;
    const { kafka } = this;
    const { clock, logger } = this.options;
    const subscription = new KafkaSubscription({
      ...{ kafka, options, sink, positions, groupId, clock, logger },
      lagOf: (member) => this.onBrokers('lag', () => this.lagOf(member)),
      closed: (member) => this.forget(member),
    });
    this.subscriptions.add(subscription);
    try {
      await subscription.start();
    } catch (error) {
      await subscription.close().catch(() => {});
      throw toBusError(error, 'subscribe');
    }
    return subscription;
  }

  async ping(): Promise<void> {
    const answer = this.onBrokers('ping', async () => (await this.admin.get()).describeCluster());
    if (!(await within(this.options.clock, PING_TIMEOUT_MS, answer))) throw unavailable('Kafka did not answer in 5 s.');
    await answer;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { clock } = this.options;
    await within(clock, CLOSE_TIMEOUT_MS, Promise.all([...this.subscriptions].map((member) => member.close())));
    await within(clock, CLOSE_TIMEOUT_MS, this.queue.drained());
    await within(clock, CLOSE_TIMEOUT_MS, Promise.all([this.producer.disconnect(), this.admin.disconnect()]));
  }

  private async send(records: readonly OutgoingRecord[]): Promise<void> {
    const producer = await this.producer.get();
    const byTopic = Map.groupBy(records, ({ topic }) => topic);
    await producer.sendBatch({
      acks: ACKS_ALL,
      timeout: PRODUCE_TIMEOUT_MS,
      topicMessages: [...byTopic].map(([topic, group]) => ({ topic, messages: group.map(toMessage) })),
    });
  }

  /** Where each partition ends now: records appended from here on are the subscription's. */
  private async ends(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const bounds = await Promise.all(topics.map((topic) => this.topics.bounds(topic)));
    return new Map(bounds.flat().map((at) => [nameOf(at), at.end]));
  }

  private async lagOf(member: KafkaSubscription): Promise<number> {
    const owned = member.partitions();
    const topics = [...new Set(owned.map(({ topic }) => topic))];
    if (topics.length === 0) return 0;
    const bounds = new Map(
      (await Promise.all(topics.map((topic) => this.topics.bounds(topic)))).flat().map((at) => [nameOf(at), at]),
    );
    const committed = member.fromEnd ? undefined : await this.committed(member.groupId, topics);
    return owned.reduce((sum, at) => {
      const { first, end } = bounds.get(nameOf(at)) ?? { first: 0n, end: 0n };
      const done = (committed === undefined ? at.position : committed.get(nameOf(at))) ?? first;
      return sum + Math.max(0, Number(end - (done > first ? done : first)));
    }, 0);
  }

  /** Committed offsets by partition; a partition without one is left out. */
  private async committed(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const offsets = await (await this.admin.get()).fetchOffsets({ groupId, topics: [...topics] });
    return new Map(
      offsets.flatMap(({ topic, partitions }) =>
        partitions.flatMap(({ partition, offset }) =>
          offset === '-1' ? [] : [[nameOf({ topic, partition }), BigInt(offset)] as const],
        ),
      ),
    );
  }

  /** A group that read from the end is nobody's any more. */
  private async forget(member: KafkaSubscription): Promise<void> {
    this.subscriptions.delete(member);
    if (!member.fromEnd) return;
    try {
      await (await this.admin.get()).deleteGroups([member.groupId]);
    } catch (error) {
      this.options.logger.debug('a group was left to the brokers', { group: member.groupId, error: messageOf(error) });
    }
  }

  private async onBrokers<Value>(doing: string, work: () => Promise<Value>): Promise<Value> {
    this.assertOpen();
    try {
      return await work();
    } catch (error) {
      throw toBusError(error, doing);
    }
  }

  private assertOpen(): void {
    if (this.closed) throw unavailable('the bus is closed');
  }
}
