import { AppError, sleep, type DurationMs } from '@millrace/kernel';
import type { TopicPartition } from '@millrace/messaging/ports';
import type { BusMember } from './bus-member.js';
import type { MachineWorld } from './machine.js';
import { nameOf, partitionsOf } from './record-log.js';

/** A member that is silent for so long is out; a rebalance waits for it at most so long. */
const SESSION_MS: DurationMs = 8_000;

/**
 * The coordinator of one group, with Kafka's eager protocol: each join, leave and eviction takes every partition away,
 * waits for the members to finish, and deals all partitions out anew from the committed offsets.
 */
export class BusGroup {
  private members: BusMember[] = [];
  private readonly committed = new Map<string, bigint>();
  private rebalancing: Promise<void> = Promise.resolve();

  constructor(private readonly world: MachineWorld) {}

  /** Settles when the member has its partitions. */
  join(member: BusMember): Promise<void> {
    const evictLater = (): void => {
      this.world.clock.after(SESSION_MS, () => {
        if (member.machine.isDead || member.machine.isPaused) void this.evict(member);
      });
    };
    member.machine.watch({
      killed: evictLater,
      paused: evictLater,
      resumed: () => void this.awake(member),
    });
    return this.rebalance(() => this.admit(member));
  }

  leave(member: BusMember): Promise<void> {
    if (!this.members.includes(member)) return this.rebalancing;
    return this.rebalance(() => this.remove(member));
  }

  /** Everything is dealt out anew, without a change of members. */
  shake(): Promise<void> {
    return this.rebalance(() => {});
  }

  wake(): void {
    for (const member of this.members) member.wake();
  }

  commit(member: BusMember, positions: readonly (TopicPartition & { readonly nextOffset: bigint })[]): void {
    const lost = positions.find((at) => !this.members.includes(member) || !member.owns(at));
    if (lost !== undefined) {
      const message = `partition ${nameOf(lost)} belongs to another member now`;
      throw new AppError({ kind: 'conflict', code: 'partition_not_owned', message, retriable: false });
    }
    for (const at of positions) {
      this.committed.set(nameOf(at), at.nextOffset);
    }
  }

  committedOffset(at: TopicPartition): bigint {
    return this.committed.get(nameOf(at)) ?? 0n;
  }

  private evict(member: BusMember): Promise<void> {
    if (!this.members.includes(member)) return this.rebalancing;
    return this.rebalance(() => this.remove(member));
  }

  /** One that was evicted while it stood still learns of it now, and comes back. */
  private async awake(member: BusMember): Promise<void> {
    await this.rebalancing;
    if (member.closed || member.machine.isDead) return;
    if (this.members.includes(member)) return member.wake();
    await member.sink.revoked(member.partitions());
    member.drop();
    await this.rebalance(() => this.admit(member));
  }

  /** Unless it left, or came in, while it waited for its turn. */
  private admit(member: BusMember): void {
    if (!member.closed && !this.members.includes(member)) this.members.push(member);
  }

  private remove(member: BusMember): void {
    this.members = this.members.filter((other) => other !== member);
  }

  private rebalance(change: () => void): Promise<void> {
    this.rebalancing = this.rebalancing.then(async () => {
      const before = this.members;
      await Promise.all(before.map((member) => this.revokeAll(member)));
      change();
      this.deal();
    });
    return this.rebalancing;
  }

  /** Whoever does not answer within the session's time is out, and still believes that it owns what it had. */
  private async revokeAll(member: BusMember): Promise<void> {
    const partitions = member.partitions();
    const answered = member.machine.running().then(async () => {
      if (!this.members.includes(member)) return false;
      await member.sink.revoked(partitions);
      return true;
    });
    const inTime = await Promise.race([answered, sleep(this.world.clock, SESSION_MS).then(() => false)]);
    if (inTime) member.drop();
    else this.remove(member);
  }

  /** Round robin per topic over the members that read it. */
  private deal(): void {
    const topics = new Set(this.members.flatMap(({ options }) => options.topics));
    const shares = new Map(
      this.members.map((member) => [member, [] as (TopicPartition & { position: bigint })[]] as const),
    );
    for (const topic of topics) {
      const readers = this.members.filter(({ options }) => options.topics.includes(topic));
      for (const at of partitionsOf(topic)) {
        const reader = readers[at.partition % readers.length];
        if (reader !== undefined) shares.get(reader)?.push({ ...at, position: this.committedOffset(at) });
      }
    }
    for (const [member, positions] of shares) member.assign(positions);
  }
}
