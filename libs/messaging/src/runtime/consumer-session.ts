import { backoffMs, messageOf, type DurationMs } from '@millrace/kernel';
import type { BusSubscription, IncomingRecord, RecordSink, TopicPartition } from '../ports/event-bus.port.js';
import type { ConsumerContext } from './consumer-context.js';
import { InFlightGauge } from './in-flight-gauge.js';
import { laneEntry, type LaneEntry } from './lane-entry.js';
import { LanePump, type LanePumpOwner } from './lane-pump.js';
import { OffsetCommitter } from './offset-committer.js';
import { OwnedPartition, type Lane } from './owned-partition.js';
import { ParkedLanes } from './parked-lanes.js';
import { within } from './within.js';

/**
 * One subscription's life: takes records from the bus, feeds lanes to the handler, commits watermarks. Single owner of
 * all its state: everything runs on the event loop between two awaits. Guarantees of guarantees.md section 1: order
 * within a key, nothing committed that is not done, bounded memory, a poison record blocks its own key at most.
 */
export class ConsumerSession implements RecordSink, LanePumpOwner {
  /** On the monotonic clock. */
  lastFetchedMs: DurationMs;
  private readonly partitions = new Map<string, OwnedPartition>();
  private readonly inFlight: InFlightGauge;
  private readonly pump: LanePump;
  private readonly committer: OffsetCommitter;
  private readonly parkedLanes: ParkedLanes | undefined;
  private subscription: BusSubscription | undefined;
  private stopping = false;

  constructor(private readonly context: ConsumerContext) {
    this.lastFetchedMs = context.clock.monotonicMs();
    this.inFlight = new InFlightGauge(context.limits);
    this.pump = new LanePump(context, this);
    this.committer = new OffsetCommitter(context, () => this.subscription);
    const { definition, parked } = context;
    if (definition.from === 'end' || parked === undefined) return;
    this.parkedLanes = new ParkedLanes(
      context,
      parked,
      () => this.owned(),
      (lane) => this.pump.offer(lane),
    );
  }

  /** The bus may have called the sink before it returned the subscription. */
  attach(subscription: BusSubscription): void {
    this.subscription = subscription;
    if (this.inFlight.full) subscription.pause(this.owned());
  }

  get recordsInFlight(): number {
    return this.inFlight.records;
  }

  /** When the bus took the oldest record that is not done; undefined when none is in memory. */
  oldestAppendedAt(): number | undefined {
    const entries = this.owned().flatMap(({ lanes }) => [...lanes.values()].flatMap(({ queue }) => queue));
    const times = entries.flatMap(({ slot, record }) => (slot === undefined ? [] : record.appendedAt));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const partition = new OwnedPartition(at);
      this.dropPartition(at);
      this.partitions.set(nameOf(at), partition);
      this.openPartition(partition);
    }
    if (this.inFlight.full) this.subscription?.pause(partitions);
  }

  received(records: readonly IncomingRecord[]): void {
    this.lastFetchedMs = this.context.clock.monotonicMs();
    if (this.stopping) return;
    for (const record of records) {
      const partition = this.partitions.get(nameOf(record));
      if (partition === undefined || partition.leaving) continue;
      const entry = laneEntry(record, partition.watermark.add(record.offset), this.context.definition.group);
      const lane = partition.laneOf(record.key);
      lane.queue.push(entry);
      this.count([entry], 1);
      this.pump.offer(lane);
    }
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving = partitions.flatMap((at) => this.partitions.get(nameOf(at)) ?? []);
    for (const partition of leaving) partition.leaving = true;
    await this.pump.until(() => !leaving.some((partition) => partition.isBusy()), this.context.limits.revokeWaitMs);
    await this.committer.flush(leaving);
    for (const partition of leaving) this.dropPartition(partition);
  }

  /** Takes no more records, lets what is in memory finish for at most `drainMs`, aborts the rest, commits. */
  async drain(drainMs: DurationMs): Promise<void> {
    const { clock, limits } = this.context;
    this.stopping = true;
    this.subscription?.pause(this.owned());
    const quiet = await this.pump.until(() => this.pump.isQuiet(), drainMs);
    if (!quiet) {
      const { group } = this.context.definition;
      const records = this.inFlight.records;
      this.context.logger.warn('records were not done in time and will be redelivered', { group, records });
    }
    this.pump.stop();
    await within(clock, limits.closeWaitMs, this.committer.flush(this.owned()));
    this.abandon();
  }

  /** Lets go of everything at once, without a commit. */
  abandon(): void {
    this.stopping = true;
    this.pump.stop();
    this.committer.stop();
    this.parkedLanes?.stop();
    for (const partition of this.owned()) this.dropPartition(partition);
  }

  finished(lane: Lane, entries: readonly LaneEntry[]): void {
    const { partition } = lane;
    let moved = false;
    for (const { slot } of entries) moved = (slot !== undefined && partition.watermark.complete(slot)) || moved;
    if (moved && this.context.definition.from === 'committed') this.committer.note(partition);
    if (lane.isEmpty()) partition.lanes.delete(lane.key);
    this.parkedLanes?.watch(lane);
    this.count(entries, -1);
  }

  available(partition: OwnedPartition): void {
    if (partition.cancelWait === undefined) partition.faults = 0;
  }

  /** The partition waits and tries again for ever; the others go on. */
  unavailable(partition: OwnedPartition, reason: string): void {
    if (partition.cancelWait !== undefined || partition.dropped) return;
    partition.faults += 1;
    const { clock, rng, limits, logger, observer, definition } = this.context;
    const waitMs = backoffMs(limits.unavailableBackoff, partition.faults, rng);
    const { topic, partition: number } = partition;
    logger.warn('a partition waits: our side is unavailable', {
      ...{ group: definition.group, topic, partition: number, waitMs, reason },
    });
    observer.unavailable?.(definition.group, topic);
    this.subscription?.pause([partition]);
    partition.cancelWait = clock.after(waitMs, () => {
      partition.cancelWait = undefined;
      if (!this.inFlight.full) this.resume([partition]);
      for (const lane of partition.lanes.values()) this.pump.offer(lane);
    });
  }

  async load(lane: Lane): Promise<void> {
    const added = (await this.parkedLanes?.load(lane)) ?? [];
    this.count(added, 1);
  }

  private owned(): readonly OwnedPartition[] {
    return [...this.partitions.values()];
  }

  /** A partition flows once the keys with parked events are known; that is tried for ever. */
  private openPartition(partition: OwnedPartition): void {
    if (partition.dropped) return;
    const marked = this.parkedLanes?.mark(partition) ?? Promise.resolve();
    void marked.then(
      () => {
        partition.ready = true;
        for (const lane of partition.lanes.values()) this.pump.offer(lane);
      },
      (error: unknown) => {
        const { logger, clock, rng, limits } = this.context;
        partition.faults += 1;
        logger.warn('parked events could not be read; the partition waits', { error: messageOf(error) });
        clock.after(backoffMs(limits.unavailableBackoff, partition.faults, rng), () => this.openPartition(partition));
      },
    );
  }

  private dropPartition(at: TopicPartition): void {
    const partition = this.partitions.get(nameOf(at));
    if (partition === undefined) return;
    this.partitions.delete(nameOf(at));
    this.count(partition.drop(), -1);
  }

  private count(entries: readonly LaneEntry[], sign: 1 | -1): void {
    if (!this.inFlight.count(entries, sign)) return;
    if (this.inFlight.full) this.subscription?.pause(this.owned());
    else this.resume(this.owned().filter((partition) => partition.cancelWait === undefined));
  }

  private resume(partitions: readonly OwnedPartition[]): void {
    if (!this.stopping && partitions.length > 0) this.subscription?.resume(partitions);
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
