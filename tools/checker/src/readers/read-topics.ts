import { TOPICS, TOPIC_NAMES, deadLetterTopic } from '@millrace/contracts';
import { sleep, systemClock, systemIds, type DurationMs } from '@millrace/kernel';
import { decodeEvent } from '@millrace/messaging';
import type { BusSubscription, EventBus, IncomingRecord, RecordSink } from '@millrace/messaging/ports';
import type { RecordedEvent } from '../history.js';

const POLL_MS: DurationMs = 200;
const READ_LIMIT_MS: DurationMs = 60_000;

export interface ReadTopics {
  readonly records: readonly RecordedEvent[];
  readonly deadLetters: number;
  /** Records that are no events of ours: poison that a test sowed. */
  readonly unreadable: number;
}

/** All records of all topics but the lossy ones, from the beginning, under a group of its own. Rejects after a minute. */
export async function readTopics(bus: EventBus): Promise<ReadTopics> {
  const topics = TOPIC_NAMES.filter((topic) => !TOPICS[topic].lossy);
  const all = await readAll(bus, [...topics, ...topics.map(deadLetterTopic)]);
  const living = all.filter(({ topic }) => !topic.endsWith('.dlq'));
  const records = living.flatMap(decoded);
  return { records, deadLetters: all.length - living.length, unreadable: living.length - records.length };
}

async function readAll(bus: EventBus, topics: readonly string[]): Promise<readonly IncomingRecord[]> {
  const sink = new CollectingSink();
  const group = `checker.${systemIds.next()}`;
  const subscription = await bus.subscribe({ group, topics, from: 'committed' }, sink);
  try {
    await subscription.ready;
    const deadlineMs = systemClock.monotonicMs() + READ_LIMIT_MS;
    while (systemClock.monotonicMs() < deadlineMs) {
      await sink.commitTo(subscription);
      if ((await subscription.lag()) === 0) return sink.records();
      await sleep(systemClock, POLL_MS);
    }
    throw new Error(`the topics were not read to their ends within ${READ_LIMIT_MS} ms: is the system still at work?`);
  } finally {
    await subscription.close();
  }
}

/** Keeps each record once, whatever is delivered again. */
class CollectingSink implements RecordSink {
  private readonly byPosition = new Map<string, IncomingRecord>();
  private readonly ends = new Map<string, { topic: string; partition: number; nextOffset: bigint }>();

  assigned(): void {}

  async revoked(): Promise<void> {}

  received(records: readonly IncomingRecord[]): void {
    for (const record of records) {
      const { topic, partition, offset } = record;
      this.byPosition.set(`${topic}/${partition}@${offset}`, record);
      this.ends.set(`${topic}/${partition}`, { topic, partition, nextOffset: offset + 1n });
    }
  }

  async commitTo(subscription: BusSubscription): Promise<void> {
    if (this.ends.size > 0) await subscription.commit([...this.ends.values()]);
  }

  records(): readonly IncomingRecord[] {
    return [...this.byPosition.values()].sort(
      (a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition || Number(a.offset - b.offset),
    );
  }
}

function decoded(record: IncomingRecord): readonly RecordedEvent[] {
  try {
    return [{ ...decodeEvent(record), appendedAtMs: record.appendedAt }];
  } catch {
    return [];
  }
}
