import { messageOf } from '@millrace/kernel';
import type { ParkedEvent, ParkedEventStore } from '../ports/parked-event-store.port.js';
import type { ConsumerContext } from './consumer-context.js';
import { laneEntry, type LaneEntry } from './lane-entry.js';
import type { Lane, OwnedPartition } from './owned-partition.js';

/** Brings parked events back to their lanes: at assignment, when a missing event passed, and after a redrive. */
export class ParkedLanes {
  private cancelRecheck: (() => void) | undefined;

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
    if (stored.some(({ kind }) => kind === 'dead')) {
      this.close(lane, 'blocked');
      return [];
    }
    lane.status = 'open';
    const added = entriesOf(stored, lane);
    lane.queue = [...added, ...lane.queue];
    return added;
  }

  /** Asks from time to time whether a closed key may go on. The timer runs only while there is one. */
  watch(): void {
    if (this.cancelRecheck !== undefined || this.closedLanes().length === 0) return;
    this.cancelRecheck = this.context.clock.after(this.context.limits.parkedRecheckMs, () => {
      void this.recheck().finally(() => {
        this.cancelRecheck = undefined;
        this.watch();
      });
    });
  }

  stop(): void {
    this.cancelRecheck?.();
  }

  private async recheck(): Promise<void> {
    const { group } = this.context.definition;
    try {
      const keys = await this.store.keys(group, this.partitions());
      const dead = new Set(keys.filter(({ counts }) => counts.dead > 0).map((at) => laneName(at)));
      for (const lane of this.closedLanes()) {
        if (dead.has(laneName({ ...lane.partition, key: lane.key }))) continue;
        lane.status = 'open';
        lane.mustLoad = true;
        this.offer(lane);
      }
    } catch (error) {
      this.context.logger.warn('parked events could not be looked up', { group, error: messageOf(error) });
    }
  }

  private close(lane: Lane, status: 'blocked'): void {
    lane.status = status;
    this.watch();
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
function entriesOf(stored: readonly ParkedEvent[], lane: Lane): readonly LaneEntry[] {
  const present = new Set(lane.queue.map(({ record }) => record.offset));
  return stored
    .filter(({ record }) => !present.has(record.offset))
    .map(({ record }) => laneEntry(record, undefined))
    .toSorted(bySequence);
}

function bySequence(a: LaneEntry, b: LaneEntry): number {
  const [first, second] = [a.event?.sequence, b.event?.sequence];
  if (first !== undefined && second !== undefined && first !== second) return first - second;
  return a.record.offset < b.record.offset ? -1 : 1;
}
