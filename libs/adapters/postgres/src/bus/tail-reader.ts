import type { BusSubscription, RecordSink, TopicPartition } from '@millrace/messaging/ports';
import { AppError } from '@millrace/kernel';
import type { EventLog } from './event-log.postgres.js';
import type { LogPoller } from './log-poller.js';
import type { PartitionReader } from './partition-reader.js';
import type { TopicCatalogue } from './topic-catalogue.js';

/** Reads every partition of the topics from the records appended from now on. No group, no commits. */
export async function openTail(options: {
  readonly topics: readonly string[];
  readonly sink: RecordSink;
  readonly log: Pick<EventLog, 'heads'>;
  readonly poller: Pick<LogPoller, 'add' | 'remove' | 'wake'>;
  readonly catalogue: TopicCatalogue;
}): Promise<BusSubscription> {
  const { sink, poller } = options;
  const readers = await readersAtTheEnd(options);
  sink.assigned(readers.map(({ topic, partition }) => ({ topic, partition })));
  for (const reader of readers) poller.add(reader);
  return {
    ready: Promise.resolve(),
    commit: () => Promise.reject(commitsNothing()),
    pause: (partitions) => setPaused(readers, partitions, true),
    resume: (partitions) => {
      setPaused(readers, partitions, false);
      poller.wake(readers.map(({ partitionId }) => partitionId));
    },
    lag: () => lagOf(options.log, readers),
    close: async () => {
      for (const reader of readers) poller.remove(reader);
    },
  };
}

async function readersAtTheEnd(options: Parameters<typeof openTail>[0]): Promise<readonly PartitionReader[]> {
  const partitions = options.topics.flatMap((topic) => options.catalogue.partitionsOf(topic));
  const heads = await options.log.heads(partitions.map(({ id }) => id));
  return partitions.map(({ id, topic, number }) => ({
    topic,
    partition: number,
    partitionId: id,
    position: heads.get(id) ?? 0n,
    paused: false,
    received: (records) => options.sink.received(records),
  }));
}

function setPaused(readers: readonly PartitionReader[], partitions: readonly TopicPartition[], paused: boolean): void {
  for (const reader of readers) {
    const named = partitions.some((at) => at.topic === reader.topic && at.partition === reader.partition);
    if (named) reader.paused = paused;
  }
}

async function lagOf(log: Pick<EventLog, 'heads'>, readers: readonly PartitionReader[]): Promise<number> {
  const heads = await log.heads(readers.map(({ partitionId }) => partitionId));
  return readers.reduce((sum, reader) => sum + Number((heads.get(reader.partitionId) ?? 0n) - reader.position), 0);
}

function commitsNothing(): AppError {
  const message = 'a subscription from the end commits nothing';
  return new AppError({ kind: 'conflict', code: 'partition_not_owned', message, retriable: false });
}
