import type { TopicPartition } from '@millrace/messaging/ports';
import type { PartitionFacts } from './assign-ranges.js';
import { topicMissing } from './bus-faults.js';
import type { EventLog } from './event-log.postgres.js';
import { partitionOf } from './partition-of.js';

/** Which topics and partitions there are. Read once, and again when a name is not among them. */
export class TopicCatalogue {
  private byTopic: ReadonlyMap<string, readonly PartitionFacts[]> = new Map();
  private byId: ReadonlyMap<number, PartitionFacts> = new Map();

  constructor(private readonly log: Pick<EventLog, 'partitions'>) {}

  async refresh(): Promise<void> {
    const partitions = await this.log.partitions();
    const topics = new Map<string, PartitionFacts[]>();
    for (const partition of partitions) {
      topics.set(partition.topic, [...(topics.get(partition.topic) ?? []), partition]);
    }
    this.byTopic = topics;
    this.byId = new Map(partitions.map((partition) => [partition.id, partition]));
  }

  /** Makes sure that all these topics are known. Rejects with `topic_missing`. */
  async require(topics: Iterable<string>): Promise<void> {
    const wanted = [...topics];
    if (wanted.every((topic) => this.byTopic.has(topic))) return;
    await this.refresh();
    const missing = wanted.find((topic) => !this.byTopic.has(topic));
    if (missing !== undefined) throw topicMissing(missing);
  }

  partitionsOf(topic: string): readonly PartitionFacts[] {
    const partitions = this.byTopic.get(topic);
    if (partitions === undefined) throw topicMissing(topic);
    return partitions;
  }

  partitionFor(topic: string, key: string): number {
    const partitions = this.partitionsOf(topic);
    const chosen = partitions[partitionOf(key, partitions.length)];
    if (chosen === undefined) throw topicMissing(topic);
    return chosen.id;
  }

  idOf({ topic, partition }: TopicPartition): number | undefined {
    return this.byTopic.get(topic)?.[partition]?.id;
  }

  byPartitionId(id: number): TopicPartition {
    const found = this.byId.get(id);
    if (found === undefined) throw topicMissing(`with partition ${id}`);
    return { topic: found.topic, partition: found.number };
  }
}
