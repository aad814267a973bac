import { AppError, type Clock, type DurationMs } from '@millrace/kernel';
import type { TopicPartition } from '../ports/event-bus.port.js';
import { within } from '../runtime/within.js';
import { partitionName, type InMemoryLog } from './in-memory-log.js';
import type { InMemoryMember } from './in-memory-member.js';

/** How long a rebalance waits for the sinks to finish what was revoked. */
const REVOKE_WAIT_MS: DurationMs = 15_000;

/**
 * The coordinator of one group, with Kafka's eager protocol: a join or a leave takes every partition away, waits for
 * the members to finish (bounded), and deals all partitions out anew. Commits live as long as the bus.
 */
export class InMemoryGroup {
  private members: InMemoryMember[] = [];
  private readonly committed = new Map<string, bigint>();
  private rebalancing: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: InMemoryLog,
    private readonly clock: Clock,
  ) {}

  /** Settles when the member has its partitions. */
  join(member: InMemoryMember): Promise<void> {
    return this.rebalance(() => {
      this.members.push(member);
    });
  }

  leave(member: InMemoryMember): Promise<void> {
    if (!this.members.includes(member)) return this.rebalancing;
    member.stopDelivery();
    return this.rebalance(() => {
      this.members = this.members.filter((other) => other !== member);
    });
  }

  /** Every member is gone without a word, as after kill -9: no revocation, no last commit. */
  crash(): void {
    for (const member of this.members) {
      member.closed = true;
      member.drop();
    }
    this.members = [];
  }

  /** Rejects with `partition_not_owned` when any partition is not the member's in this generation. */
  commit(member: InMemoryMember, positions: readonly (TopicPartition & { readonly nextOffset: bigint })[]): void {
    const lost = positions.find((at) => member.closed || !member.owns(at));
    if (lost !== undefined) {
      throw new AppError({
        kind: 'conflict',
        code: 'partition_not_owned',
        message: `partition ${partitionName(lost)} belongs to another member of group ${member.options.group} now`,
        retriable: false,
      });
    }
    for (const at of positions) this.committed.set(partitionName(at), at.nextOffset);
  }

  committedOffset(at: TopicPartition): bigint {
    return this.committed.get(partitionName(at)) ?? 0n;
  }

  wake(): void {
    for (const member of this.members) member.wake();
  }

  private rebalance(change: () => void): Promise<void> {
    this.rebalancing = this.rebalancing.then(async () => {
      await Promise.all(this.members.map((member) => this.revokeAll(member)));
      for (const member of this.members) member.drop();
      change();
      this.deal();
    });
    return this.rebalancing;
  }

  private async revokeAll(member: InMemoryMember): Promise<void> {
    member.stopDelivery();
    const partitions = member.partitions();
    if (partitions.length === 0) return;
    await within(
      this.clock,
      REVOKE_WAIT_MS,
      member.sink.revoked(partitions).catch(() => {}),
    );
  }

  /** Round robin per topic over the members that read it. */
  private deal(): void {
    const shares = new Map<InMemoryMember, (TopicPartition & { position: bigint })[]>(
      this.members.map((member) => [member, []]),
    );
    const topics = new Set(this.members.flatMap((member) => member.options.topics));
    for (const topic of topics) {
      const readers = this.members.filter((member) => member.options.topics.includes(topic));
      for (const at of this.log.partitionsOf(topic)) {
        const reader = readers[at.partition % readers.length];
        if (reader !== undefined) shares.get(reader)?.push({ ...at, position: this.committedOffset(at) });
      }
    }
    for (const [member, positions] of shares) member.assign(positions);
  }
}
