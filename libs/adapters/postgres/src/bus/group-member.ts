import { messageOf, sleep, type Clock, type Logger } from '@millrace/kernel';
import type { RecordSink, TopicPartition } from '@millrace/messaging/ports';
import { notOwned } from './bus-faults.js';
import type { BusLimits } from './bus-limits.js';
import type { GroupStore, Ownership } from './group-store.postgres.js';
import type { LogPoller } from './log-poller.js';
import type { PartitionReader } from './partition-reader.js';
import type { TopicCatalogue } from './topic-catalogue.js';

export interface GroupMemberOptions {
  readonly id: string;
  readonly group: string;
  readonly topics: readonly string[];
  readonly sink: RecordSink;
  readonly store: GroupStore;
  readonly poller: Pick<LogPoller, 'add' | 'remove' | 'wake'>;
  readonly catalogue: TopicCatalogue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Pick<BusLimits, 'revokeWaitMs' | 'sessionMs'>;
  readonly sessionPid: () => number | undefined;
  /** Tells the group's other members, here and elsewhere, that partitions changed hands. */
  readonly announce: () => void;
}

/**
 * One subscription in a group. Partitions change hands one by one: the old owner finishes (bounded) and lets go, then
 * the new one takes it; the others read on undisturbed. Only the owner's commits count, by the database.
 */
export class GroupMember {
  readonly ready: Promise<void>;
  private settleReady: () => void = () => {};
  private readonly owned = new Map<number, PartitionReader>();
  private syncing: Promise<void> | undefined;
  private again = false;
  private closed = false;

  constructor(readonly options: GroupMemberOptions) {
    this.ready = new Promise((resolve) => (this.settleReady = resolve));
  }

  get id(): string {
    return this.options.id;
  }

  get group(): string {
    return this.options.group;
  }

  /** Enters the group; also after it was taken for dead. Rejects with `unavailable`. */
  async join(): Promise<void> {
    const { id, group, topics, limits, sessionPid, store, announce } = this.options;
    await store.join({ id, group, topics, sessionMs: limits.sessionMs, sessionPid: sessionPid() });
    announce();
  }

  /** Brings what we read in line with what the group says. Runs once at a time; a call meanwhile runs it again. */
  sync(): Promise<void> {
    this.again = true;
    this.syncing ??= this.syncWhileAsked().finally(() => (this.syncing = undefined));
    return this.syncing;
  }

  /** The group took us for dead: what we had is others' now. */
  async rejoin(): Promise<void> {
    await this.letGo(this.readersOf([...this.owned.keys()]));
    await this.join();
    await this.sync();
  }

  async commit(positions: readonly (TopicPartition & { readonly nextOffset: bigint })[]): Promise<void> {
    const offsets = new Map<number, bigint>();
    for (const at of positions) {
      const id = this.options.catalogue.idOf(at);
      if (id === undefined || !this.owned.has(id)) throw notOwned(this.group);
      offsets.set(id, at.nextOffset);
    }
    if (offsets.size === 0) return;
    const stored = await this.options.store.commit(this.group, this.id, offsets);
    if (stored < offsets.size) throw notOwned(this.group);
  }

  setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    const ids = partitions.flatMap((at) => this.options.catalogue.idOf(at) ?? []);
    for (const reader of this.readersOf(ids)) reader.paused = paused;
    if (!paused) this.options.poller.wake(ids);
  }

  lag(): Promise<number> {
    return this.options.store.lag(this.group, [...this.owned.keys()]);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const reader of this.owned.values()) this.options.poller.remove(reader);
    await this.syncing?.catch(() => {});
    this.owned.clear();
    this.settleReady();
    // Where the database is away the session runs out instead.
    await this.options.store.leave(this.group, this.id).catch(() => {});
    this.options.announce();
  }

  private async syncWhileAsked(): Promise<void> {
    try {
      while (this.again && !this.closed) {
        this.again = false;
        await this.syncOnce();
      }
    } catch (error) {
      const { group, logger } = this.options;
      logger.warn('a group member could not settle its partitions; trying again', { group, error: messageOf(error) });
    }
  }

  private async syncOnce(): Promise<void> {
    const { store, group, id, announce } = this.options;
    const rows = await store.ownership(group, id);
    const leaving = rows.filter((row) => row.owned && !this.keeps(row)).map(({ partition_id }) => partition_id);
    await this.letGo(this.readersOf([...leaving, ...this.lostOf(rows)]));
    if (leaving.length > 0) await store.release(group, id, leaving);
    const wanted = rows.filter((row) => row.targeted && !(row.owned && this.keeps(row)));
    const taken = wanted.length === 0 ? 0 : await this.take();
    if (leaving.length > 0) announce();
    if (taken === wanted.length && !this.again) this.settleReady();
  }

  /** What we own without reading it (an answer was lost on the way) is released too, and taken again. */
  private keeps({ partition_id, targeted }: Ownership): boolean {
    return targeted && this.owned.has(partition_id);
  }

  private lostOf(rows: readonly Ownership[]): readonly number[] {
    const held = new Set(rows.filter(({ owned }) => owned).map(({ partition_id }) => partition_id));
    return [...this.owned.keys()].filter((id) => !held.has(id));
  }

  /** Takes what is free and meant for us, and starts to read it. */
  private async take(): Promise<number> {
    const { store, group, id, sink, catalogue, poller } = this.options;
    const starts = await store.claim(group, id);
    if (this.closed || starts.length === 0) return starts.length;
    const readers = starts.map(({ partition_id, position }): PartitionReader => ({
      ...catalogue.byPartitionId(partition_id),
      partitionId: partition_id,
      position: BigInt(position),
      paused: false,
      received: (records) => sink.received(records),
    }));
    for (const reader of readers) this.owned.set(reader.partitionId, reader);
    sink.assigned(readers.map(({ topic, partition }) => ({ topic, partition })));
    for (const reader of readers) poller.add(reader);
    return starts.length;
  }

  /** Stops reading and lets the sink finish and commit what it holds, for a bounded time. */
  private async letGo(readers: readonly PartitionReader[]): Promise<void> {
    if (readers.length === 0) return;
    const { sink, clock, limits, poller } = this.options;
    for (const reader of readers) poller.remove(reader);
    const waited = new AbortController();
    const partitions = readers.map(({ topic, partition }) => ({ topic, partition }));
    await Promise.race([sink.revoked(partitions).catch(() => {}), sleep(clock, limits.revokeWaitMs, waited.signal)]);
    waited.abort();
    for (const reader of readers) this.owned.delete(reader.partitionId);
  }

  private readersOf(ids: readonly number[]): readonly PartitionReader[] {
    return ids.flatMap((id) => this.owned.get(id) ?? []);
  }
}
