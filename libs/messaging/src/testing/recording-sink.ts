import { invariant, sleep, systemClock, type DurationMs } from '@millrace/kernel';
import type { BusSubscription, IncomingRecord, RecordSink, TopicPartition } from '../ports/event-bus.port.js';

/** One delivery, as several sinks may write it into one list. */
export interface Delivery {
  readonly sink: string;
  readonly record: IncomingRecord;
}

export interface RecordingSinkOptions {
  readonly name?: string;
  /** Commits each delivery at once, and what is outstanding before a revocation ends. */
  readonly commits?: boolean;
  /** A list that several sinks share, in the order in which they were called. */
  readonly deliveries?: Delivery[];
}

/** A sink that writes down what a bus does, and lets a test wait for it. */
export class RecordingSink implements RecordSink {
  readonly records: IncomingRecord[] = [];
  owned: TopicPartition[] = [];
  private readonly waiters = new Set<() => void>();
  private subscription: BusSubscription | undefined;
  private commits: Promise<void> = Promise.resolve();

  constructor(private readonly options: RecordingSinkOptions = {}) {}

  attach(subscription: BusSubscription): void {
    this.subscription = subscription;
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.owned = [...this.owned.filter((own) => !partitions.some((at) => same(own, at))), ...partitions];
    this.wake();
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.commits;
    this.owned = this.owned.filter((own) => !partitions.some((at) => same(own, at)));
    this.wake();
  }

  received(records: readonly IncomingRecord[]): void {
    invariant(
      new Set(records.map(({ topic, partition }) => `${topic}/${partition}`)).size <= 1,
      'one partition a call',
    );
    this.records.push(...records);
    this.options.deliveries?.push(...records.map((record) => ({ sink: this.options.name ?? 'sink', record })));
    if (this.options.commits === true) this.commitSoon(records);
    this.wake();
  }

  /** The values as text, in order of delivery. */
  texts(): string[] {
    return this.records.map(textOf);
  }

  /** Resolves when `condition` holds; rejects with what was seen after `withinMs`. */
  async until(condition: () => boolean, what: string, withinMs: DurationMs = 20_000): Promise<void> {
    const expiry = new AbortController();
    let expired = false;
    void sleep(systemClock, withinMs, expiry.signal).then(() => {
      expired = true;
      this.wake();
    });
    while (!condition() && !expired) await new Promise<void>((resolve) => this.waiters.add(resolve));
    expiry.abort();
    if (!condition()) throw new Error(`${what}: not within ${withinMs} ms; received ${this.records.length} records`);
  }

  private commitSoon(records: readonly IncomingRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    const position = { topic: last.topic, partition: last.partition, nextOffset: last.offset + 1n };
    // A commit that comes too late for a rebalance is refused, which only means a redelivery.
    this.commits = this.commits.then(() => this.subscription?.commit([position])).catch(() => {});
  }

  private wake(): void {
    for (const waiter of this.waiters) waiter();
    this.waiters.clear();
  }
}

function same(a: TopicPartition, b: TopicPartition): boolean {
  return a.topic === b.topic && a.partition === b.partition;
}

export function textOf(record: IncomingRecord): string {
  return new TextDecoder().decode(record.value);
}
