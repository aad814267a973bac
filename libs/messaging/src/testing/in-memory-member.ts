import type { IncomingRecord, RecordSink, SubscribeOptions, TopicPartition } from '../ports/event-bus.port.js';
import { partitionName, type InMemoryLog } from './in-memory-log.js';

const DELIVERY_RECORDS_MAX = 500;

interface OwnedPartition extends TopicPartition {
  position: bigint;
  paused: boolean;
}

/** One subscription: which partitions it owns, how far it has read, and the delivery of what is new. */
export class InMemoryMember {
  private owned = new Map<string, OwnedPartition>();
  private pumping = false;
  /** False while the group rebalances: nothing is delivered then. */
  private delivering = false;
  closed = false;

  constructor(
    readonly options: SubscribeOptions,
    readonly sink: RecordSink,
    private readonly log: InMemoryLog,
  ) {}

  owns(at: TopicPartition): boolean {
    return this.owned.has(partitionName(at));
  }

  partitions(): TopicPartition[] {
    return [...this.owned.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Owns exactly these partitions from now on, each read from its position. */
  assign(positions: readonly (TopicPartition & { position: bigint })[]): void {
    this.owned = new Map(positions.map((at) => [partitionName(at), { ...at, paused: false }]));
    this.delivering = true;
    this.sink.assigned(this.partitions());
    this.wake();
  }

  stopDelivery(): void {
    this.delivering = false;
  }

  drop(): void {
    this.delivering = false;
    this.owned.clear();
  }

  setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const at of partitions) {
      const owned = this.owned.get(partitionName(at));
      if (owned !== undefined) owned.paused = paused;
    }
    if (!paused) this.wake();
  }

  unread(): bigint {
    return [...this.owned.values()].reduce((sum, at) => sum + this.log.endOf(at) - at.position, 0n);
  }

  /** Delivers what is new, in a microtask: a bus never calls its sink from inside publish. */
  wake(): void {
    if (this.pumping || !this.delivering) return;
    this.pumping = true;
    queueMicrotask(() => {
      this.pumping = false;
      for (const at of this.owned.values()) this.deliver(at);
    });
  }

  private deliver(at: OwnedPartition): void {
    if (!this.delivering || at.paused || this.owned.get(partitionName(at)) !== at) return;
    const records: readonly IncomingRecord[] = this.log.read(at, at.position, DELIVERY_RECORDS_MAX);
    if (records.length === 0) return;
    at.position += BigInt(records.length);
    this.sink.received(records);
    if (at.position < this.log.endOf(at)) this.wake();
  }
}
