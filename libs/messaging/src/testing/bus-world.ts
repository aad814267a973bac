import { expect } from '@jest/globals';
import { systemIds } from '@millrace/kernel';
import type { BusSubscription, EventBus, IncomingRecord, OutgoingRecord } from '../ports/event-bus.port.js';
import { RecordingSink, textOf, type Delivery, type RecordingSinkOptions } from './recording-sink.js';

/** Partitions of a topic of the suite, unless a test says otherwise. */
export const PARTITIONS = 3;
export const RETENTION_MS = 3_600_000;

interface JoinOptions extends RecordingSinkOptions {
  readonly group?: string;
  readonly topics?: readonly string[];
  readonly from?: 'committed' | 'end';
}

interface Joined {
  readonly sink: RecordingSink;
  readonly subscription: BusSubscription;
}

/** Names and subscriptions of one run. */
export class BusWorld {
  private readonly run = systemIds.next();
  private made = 0;
  private readonly subscriptions: BusSubscription[] = [];

  constructor(readonly bus: EventBus) {}

  name(what: string): string {
    this.made += 1;
    return `conformance.${what}-${this.made}.${this.run}`;
  }

  async topic(partitions = PARTITIONS): Promise<string> {
    const topic = this.name('topic');
    await this.bus.ensureTopics([{ topic, partitions, retentionMs: RETENTION_MS }]);
    return topic;
  }

  publish(topic: string, records: readonly (readonly [key: string, text: string])[]): Promise<void> {
    return this.bus.publish(records.map(([key, text]) => recordOf(topic, key, text)));
  }

  /** A positioned subscription in a group of its own, unless one is named. */
  async join(topic: string, options: JoinOptions = {}): Promise<Joined> {
    const { group = this.name('group'), topics = [topic], from = 'committed' } = options;
    const sink = new RecordingSink(options);
    const subscription = await this.bus.subscribe({ group, topics, from }, sink);
    sink.attach(subscription);
    this.subscriptions.push(subscription);
    await subscription.ready;
    return { sink, subscription };
  }

  /** Until every sink owns something and all partitions of a topic are owned once. */
  async untilShared(sinks: readonly RecordingSink[]): Promise<void> {
    const shared = (): boolean => {
      const owned = sinks.map((sink) => sink.owned.length);
      return owned.every((count) => count > 0) && owned.reduce((sum, count) => sum + count, 0) === PARTITIONS;
    };
    // Any sink may be the last to hear of the new generation.
    await Promise.any(sinks.map((sink) => sink.until(shared, 'shared partitions')));
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.close()));
  }
}

function recordOf(topic: string, key: string, text: string): OutgoingRecord {
  return { topic, key, headers: { ce_type: 'conformance' }, value: new TextEncoder().encode(text) };
}

export function numbered(count: number): (readonly [string, string])[] {
  return Array.from({ length: count }, (_, number) => ['key', `${number}`] as const);
}

/** How many different records there are: a bus holds what was published at least once, for a publish may be tried again in part. */
export function distinct(records: readonly IncomingRecord[]): number {
  return new Set(records.map((record) => `${record.topic}/${record.key}/${textOf(record)}`)).size;
}

/** Values are 0, 1, 2 … per key; at least `count` rounded down of each; offsets ascend within a partition. */
export function expectOrderedKeys(records: readonly IncomingRecord[], count: number): void {
  for (const [, ofKey] of Map.groupBy(records, ({ key }) => key)) {
    const texts = [...new Set(ofKey.map(textOf))];
    expect(texts).toEqual(texts.map((_, number) => `${number}`));
    expect(texts.length).toBeGreaterThanOrEqual(Math.floor(count));
    expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1);
  }
  for (const [, ofPartition] of Map.groupBy(records, ({ partition }) => partition)) {
    const offsets = ofPartition.map(({ offset }) => Number(offset));
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  }
}

/** Redeliveries are allowed, jumps are not: every record of a key follows one that was delivered before. */
export function expectNoGaps(deliveries: readonly Delivery[]): void {
  const highest = new Map<string, number>();
  for (const { record, sink } of deliveries) {
    const number = Number(textOf(record));
    const before = highest.get(record.key) ?? -1;
    if (number > before + 1) throw new Error(`${sink} got ${record.key}/${number} after ${before}`);
    highest.set(record.key, Math.max(before, number));
  }
}

export function endPositions(
  records: readonly IncomingRecord[],
): { readonly topic: string; readonly partition: number; readonly nextOffset: bigint }[] {
  const last = new Map(records.map((record) => [record.partition, record]));
  return [...last.values()].map(({ topic, partition, offset }) => ({ topic, partition, nextOffset: offset + 1n }));
}
