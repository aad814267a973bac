import type { RecordSink, SubscribeOptions, TopicPartition } from '@millrace/messaging/ports';
import type { Machine, MachineWorld } from './machine.js';
import { nameOf, type RecordLog } from './record-log.js';

const RECORDS_MAX = 20;

interface OwnedPartition extends TopicPartition {
  position: bigint;
  paused: boolean;
  underway: boolean;
}

export interface BrokerState {
  readonly log: RecordLog;
  /** While away nothing is fetched, published or committed. */
  isAway(): boolean;
}

/** One subscription of one machine: what it owns, and the delivery of what is new, each partition at its own pace. */
export class BusMember {
  closed = false;
  private owned = new Map<string, OwnedPartition>();

  constructor(
    readonly machine: Machine,
    readonly options: SubscribeOptions,
    readonly sink: RecordSink,
    private readonly world: MachineWorld,
    private readonly broker: BrokerState,
  ) {}

  owns(at: TopicPartition): boolean {
    return !this.closed && this.owned.has(nameOf(at));
  }

  partitions(): TopicPartition[] {
    return [...this.owned.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  assign(positions: readonly (TopicPartition & { readonly position: bigint })[]): void {
    this.owned = new Map(positions.map((at) => [nameOf(at), { ...at, paused: false, underway: false }]));
    this.sink.assigned(this.partitions());
    this.wake();
  }

  drop(): void {
    this.owned.clear();
  }

  setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const at of partitions) {
      const owned = this.owned.get(nameOf(at));
      if (owned !== undefined) owned.paused = paused;
    }
    if (!paused) this.wake();
  }

  unread(): bigint {
    return [...this.owned.values()].reduce((sum, at) => sum + this.broker.log.endOf(at) - at.position, 0n);
  }

  wake(): void {
    for (const at of this.owned.values()) this.fetch(at);
  }

  private fetch(at: OwnedPartition): void {
    if (at.underway || at.position >= this.broker.log.endOf(at)) return;
    at.underway = true;
    const { clock, rng, faults } = this.world;
    const longMs = faults.happens('delivery delayed') ? 3_000 : 10;
    clock.after(rng.next() * longMs, () => {
      at.underway = false;
      this.deliver(at);
    });
  }

  private deliver(at: OwnedPartition): void {
    if (this.closed || at.paused || this.owned.get(nameOf(at)) !== at) return;
    if (this.machine.isDead || this.machine.isPaused || this.broker.isAway()) return;
    const limit = 1 + Math.floor(this.world.rng.next() * RECORDS_MAX);
    const records = this.broker.log.read(at, at.position, limit);
    if (records.length === 0) return;
    at.position += BigInt(records.length);
    this.sink.received(records);
    this.fetch(at);
  }
}
