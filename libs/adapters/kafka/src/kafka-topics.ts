import type { Admin } from 'kafkajs';
import { AppError, sleep, type Clock } from '@millrace/kernel';
import type { TopicPartition, TopicSettings } from '@millrace/messaging/ports';
import type { ConnectOnce } from './connect-once.js';
import { isPassing, notYetKnown, topicsMissing, unavailable } from './kafka-errors.js';

const CREATE_TIMEOUT_MS = 30_000;
/** Topics in one request to create them. */
const CREATE_BATCH_MAX = 50;
/** 30 s: a small broker takes several seconds to make the hundreds of partitions of a new deployment. */
const TRIES_MAX = 150;
const RETRY_DELAY_MS = 200;
/** From this failure on with a fresh client: the old one may go by leaders that are none any more, for minutes. */
const RENEW_AFTER = 4;

export interface PartitionBounds extends TopicPartition {
  readonly first: bigint;
  /** Offset that the next record gets. */
  readonly end: bigint;
}

/** Topics on the brokers: which there are, with how many partitions, and where they end. */
export class KafkaTopics {
  /** Partitions by topic, of what was seen once: topics are never deleted under a running service. */
  private readonly known = new Map<string, number>();

  constructor(
    private readonly admin: ConnectOnce<Admin>,
    private readonly clock: Clock,
    /** Copies of each record of a topic that is made; the brokers' own default where absent. */
    private readonly replication?: number,
  ) {}

  /** True when all were seen: then nothing has to be asked. */
  allKnown(topics: readonly string[]): boolean {
    return topics.every((topic) => this.known.has(topic));
  }

  /** Rejects with `unavailable` and the names when one is missing. */
  async assertExist(topics: readonly string[]): Promise<void> {
    const unseen = topics.filter((topic) => !this.known.has(topic));
    if (unseen.length === 0) return;
    await this.patiently(() => this.look(unseen));
    const missing = unseen.filter((topic) => !this.known.has(topic));
    if (missing.length > 0) throw topicsMissing(missing);
  }

  /** Makes what is missing. Rejects with `precondition` when a topic has another number of partitions. */
  async ensure(topics: readonly TopicSettings[]): Promise<void> {
    await this.patiently(() => this.look(topics.map(({ topic }) => topic)));
    const missing = topics.filter(({ topic }) => !this.known.has(topic));
    for (let at = 0; at < missing.length; at += CREATE_BATCH_MAX) {
      await this.create(missing.slice(at, at + CREATE_BATCH_MAX));
    }
    if (missing.length > 0) await this.patiently(() => this.assertMade(missing.map(({ topic }) => topic)));
    const wrong = topics.find(({ topic, partitions }) => this.known.get(topic) !== partitions);
    if (wrong !== undefined) throw wrongPartitionCount(wrong, this.known.get(wrong.topic) ?? 0);
  }

  /**
   * Every partition with its first offset and the offset that the next record gets. Waits for leaders: a topic that was
   * just made, and one whose broker went away, have none for a moment.
   */
  bounds(topic: string): Promise<readonly PartitionBounds[]> {
    return this.patiently(async () => {
      const offsets = await (await this.admin.get()).fetchTopicOffsets(topic);
      return offsets.map(({ partition, low, high }) => ({ topic, partition, first: BigInt(low), end: BigInt(high) }));
    });
  }

  /** Tries again, for 30 s, what fails only because the brokers have not agreed yet. */
  private async patiently<Value>(work: () => Promise<Value>): Promise<Value> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= TRIES_MAX || !isPassing(error)) throw error;
        if (attempt === RENEW_AFTER) this.admin.renew();
      }
      await sleep(this.clock, RETRY_DELAY_MS);
    }
  }

  /** Throws what `patiently` waits for while a topic that was made is not known to the broker that is asked. */
  private async assertMade(topics: readonly string[]): Promise<void> {
    await this.look(topics);
    const unseen = topics.find((topic) => !this.known.has(topic));
    if (unseen !== undefined) throw notYetKnown(unseen);
  }

  private async look(topics: readonly string[]): Promise<void> {
    const admin = await this.admin.get();
    const wanted = new Set(topics);
    const existing = (await admin.listTopics()).filter((topic) => wanted.has(topic));
    if (existing.length === 0) return;
    const { topics: described } = await admin.fetchTopicMetadata({ topics: existing });
    for (const { name, partitions } of described) this.known.set(name, partitions.length);
  }

  private async create(topics: readonly TopicSettings[]): Promise<void> {
    const admin = await this.admin.get();
    // False when another service made one of them meanwhile: the look after it decides.
    await admin.createTopics({
      timeout: CREATE_TIMEOUT_MS,
      waitForLeaders: false,
      topics: topics.map(({ topic, partitions, retentionMs }) => ({
        topic,
        numPartitions: partitions,
        ...(this.replication === undefined ? {} : { replicationFactor: this.replication }),
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: String(retentionMs) },
          // Lag in seconds is measured by the brokers' clock, not by each producer's.
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
        ],
      })),
    });
  }
}

function wrongPartitionCount(wanted: TopicSettings, there: number): AppError {
  if (there === 0) return unavailable(`Kafka has not made the topic ${wanted.topic} yet: try again.`);
  return new AppError({
    kind: 'precondition',
    code: 'service_unavailable',
    message: `Topic ${wanted.topic} has ${there} partitions and MILLRACE_PARTITIONS says ${wanted.partitions}: set it to ${there}, the count of a topic never changes.`,
  });
}
