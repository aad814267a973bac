import { messageOf, type Instant } from '@millrace/kernel';
import type { ParkedEvent, ParkedEventStore } from '../ports/parked-event-store.port.js';
import type { ConsumerContext } from './consumer-context.js';
import { recall, storedEntry, type LaneEntry } from './lane-entry.js';
import type { Lane, OwnedPartition } from './owned-partition.js';

/** Brings parked events back to their lanes: at assignment, when a missing event passed, and after a redrive. */
export class ParkedLanes {
  private cancelRecheck: (() => void) | undefined;
  private due: { readonly at: Instant; readonly cancel: () => void } | undefined;

  constructor(
    private readonly context: ConsumerContext,
    private readonly store: ParkedEventStore,
    private readonly partitions: () => readonly OwnedPartition[],
    private readonly offer: (lane: Lane) => void,
  ) {}

  /** Marks the keys of a new partition that have parked events. They are all offered once, unless something dead blocks. */
  async mark(partition: OwnedPartition): Promise<void> {
    for (const { key, counts } of await this.store.keys(this.context.definition.group, [partition])) {
      const lane = partition.laneOf(key);
      lane.mustLoad = true;
      if (counts.dead > 0) this.close(lane, 'blocked');
    }
  }

  /** Reads what is stored of a key. What may go again is put before what came later. Returns the entries added. */
  async load(lane: Lane): Promise<readonly LaneEntry[]> {
    const { group } = this.context.definition;
    const limit = this.context.limits.parkedLoadMax;
    const stored = await this.store.load(group, lane.partition.topic, lane.key, limit);
    if (lane.partition.dropped) return [];
    lane.mustLoad = false;
    lane.moreStored = stored.length === limit;
    lane.applied = false;
    lane.stored.clear();
    for (const { record, kind } of stored) lane.stored.set(record.offset, kind);
    if (stored.some(({ kind }) => kind === 'dead')) return this.close(lane, 'blocked');
    const dueAt = lastDue(stored);
    if (dueAt !== undefined && dueAt > this.context.clock.now()) return this.close(lane, 'parked', dueAt);
    lane.status = 'open';
    lane.dueAt = undefined;
    const added = entriesOf(stored, lane, group);
    lane.queue = [...added, ...lane.queue];
    return added;
  }

  /** Wakes a closed key when it is due, or asks from time to time whether it may go on. No timer without such a key. */
  watch(lane: Lane): void {
    if (lane.status === 'open') return;
    if (lane.status === 'parked' && lane.dueAt !== undefined) this.wakeAt(lane.dueAt);
    else this.watchStore();
  }

  stop(): void {
    this.cancelRecheck?.();
    this.due?.cancel();
  }

  /** One timer for all delayed keys: the earliest. */
  private wakeAt(at: Instant): void {
    if (this.due !== undefined && this.due.at <= at) return;
    this.due?.cancel();
    const { clock } = this.context;
    const cancel = clock.after(Math.max(0, at - clock.now()), () => {
      this.due = undefined;
      const now = clock.now();
      for (const lane of this.closedLanes()) {
        if (lane.status !== 'parked' || lane.dueAt === undefined) continue;
        if (lane.dueAt <= now) this.reopen(lane);
        else this.wakeAt(lane.dueAt);
      }
    });
    this.due = { at, cancel };
  }

  private reopen(lane: Lane): void {
    lane.status = 'open';
    lane.dueAt = undefined;
    lane.mustLoad = true;
    this.offer(lane);
  }

  private watchStore(): void {
    if (this.cancelRecheck !== undefined) return;
    this.cancelRecheck = this.context.clock.after(this.context.limits.parkedRecheckMs, () => {
      void this.recheck().finally(() => {
        this.cancelRecheck = undefined;
        if (this.waitingLanes().length > 0) this.watchStore();
      });
    });
  }

  private async recheck(): Promise<void> {
    const { group } = this.context.definition;
    try {
      const keys = await this.store.keys(group, this.partitions());
      const dead = new Set(keys.filter(({ counts }) => counts.dead > 0).map((at) => laneName(at)));
      for (const lane of this.waitingLanes()) {
        if (!dead.has(laneName({ ...lane.partition, key: lane.key }))) this.reopen(lane);
      }
    } catch (error) {
      this.context.logger.warn('parked events could not be looked up', { group, error: messageOf(error) });
    }
  }

  private close(lane: Lane, status: 'blocked' | 'parked', dueAt?: Instant): readonly LaneEntry[] {
    lane.status = status;
    lane.dueAt = dueAt;
    this.watch(lane);
    return [];
  }

  /** Closed keys that only the store knows about. */
  private waitingLanes(): readonly Lane[] {
    return this.closedLanes().filter(({ status, dueAt }) => status === 'blocked' || dueAt === undefined);
  }

  private closedLanes(): readonly Lane[] {
    return this.partitions().flatMap((partition) =>
      [...partition.lanes.values()].filter((lane) => lane.status !== 'open'),
    );
  }
}

function laneName(at: { readonly topic: string; readonly partition: number; readonly key: string }): string {
  return `${at.topic}/${at.partition}/${at.key}`;
}

/** Entries of stored events that are not in the lane already, by sequence where they have one, else by offset. */
function entriesOf(stored: readonly ParkedEvent[], lane: Lane, group: string): readonly LaneEntry[] {
  const present = new Map(lane.queue.map((entry) => [entry.record.offset, entry]));
  const absent = stored.filter((event) => {
    const entry = present.get(event.record.offset);
    if (entry !== undefined) recall(entry, event);
    return entry === undefined;
  });
  return absent.map((event) => storedEntry(event, group)).toSorted(bySequence);
}

/** When the last of the delayed records may be tried again; undefined where there is none. */
function lastDue(stored: readonly ParkedEvent[]): Instant | undefined {
  const times = stored.flatMap(({ kind, dueAt }) => (kind === 'delayed' && dueAt !== undefined ? dueAt : []));
  return times.length === 0 ? undefined : Math.max(...times);
}

function bySequence(a: LaneEntry, b: LaneEntry): number {
  const [first, second] = [a.event?.sequence, b.event?.sequence];
  if (first !== undefined && second !== undefined && first !== second) return first - second;
  return a.record.offset < b.record.offset ? -1 : 1;
}
