import type { Instant } from '@millrace/kernel';
import type { TopicPartition } from '../ports/event-bus.port.js';
import type { ParkedKind } from '../ports/parked-event-store.port.js';
import type { LaneEntry } from './lane-entry.js';
import { Watermark } from './watermark.js';

export type LaneStep = 'idle' | 'load' | 'settle' | 'alone' | 'batch';

/** The records of one key of one partition, in order. At most one batch of a lane runs. */
export class Lane {
  queue: LaneEntry[] = [];
  busy = false;
  /** `parked`: a handler asked this key to wait, or a record of it is tried again later. `blocked`: a dead record blocks the key. Both: followers are parked. */
  status: 'open' | 'parked' | 'blocked' = 'open';
  /** What of this key lies in the parked-event store, as far as it was loaded. */
  readonly stored = new Map<bigint, ParkedKind>();
  /** The store has to be read before the next record is touched. */
  mustLoad = false;
  /** The store has more of this key than was loaded. */
  moreStored = false;
  /** An event was applied since the store was read last: what is held may pass now. */
  applied = false;
  /** When a `parked` key goes on because its delayed record is due; undefined where nobody knows. */
  dueAt: Instant | undefined;
  /** An operator ended the block of this key: it opens once what runs is settled. */
  reopens = false;
  cancelWait: (() => void) | undefined;

  constructor(
    readonly partition: OwnedPartition,
    readonly key: string,
  ) {}

  /** What comes next. The lane must be neither busy nor waiting. */
  nextStep(): LaneStep {
    if (this.holdsMayPass()) this.mustLoad = true;
    const head = this.queue[0];
    if (this.mustLoad && (this.status !== 'blocked' || head !== undefined)) return 'load';
    if (head === undefined) return 'idle';
    if (this.status !== 'open' || head.verdict !== undefined) return 'settle';
    return head.alone ? 'alone' : 'batch';
  }

  /** The entries from the head on that the step can take, at most `limit`. */
  take(step: 'settle' | 'alone' | 'batch', limit: number): readonly LaneEntry[] {
    if (step === 'alone') return this.queue.slice(0, 1);
    if (step === 'settle') this.parkFollowers();
    const fits = (entry: LaneEntry): boolean =>
      step === 'settle' ? entry.verdict !== undefined : entry.verdict === undefined && !entry.alone;
    const over = this.queue.findIndex((entry) => !fits(entry));
    return this.queue.slice(0, Math.min(limit, over === -1 ? this.queue.length : over));
  }

  removeFinished(): void {
    this.queue = this.queue.filter((entry) => !entry.finished);
  }

  /** Nothing waits, here or in the store: the lane may be forgotten. */
  isEmpty(): boolean {
    if (this.mustLoad || this.moreStored || this.status !== 'open') return false;
    return this.queue.length === 0 && this.stored.size === 0;
  }

  private parkFollowers(): void {
    if (this.status === 'open') return;
    for (const entry of this.queue) {
      entry.verdict ??= { kind: 'park', reason: 'waits behind a record of its key' };
    }
  }

  private holdsMayPass(): boolean {
    if (!this.applied || this.status !== 'open') return false;
    if (this.stored.size === 0 && !this.moreStored) return false;
    // A verdict that was given before the event was applied is settled first, so that the load brings it back too.
    return !this.queue.some((entry) => entry.verdict !== undefined || this.stored.has(entry.record.offset));
  }
}

/** Entries of a lane on their way through one job. */
export interface LaneTake {
  readonly lane: Lane;
  readonly entries: readonly LaneEntry[];
}

/** What a consumer knows of one partition, from its assignment to its revocation. */
export class OwnedPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly watermark = new Watermark();
  readonly lanes = new Map<string, Lane>();
  /** The keys with parked events are known: records may flow. */
  ready = false;
  /** Being revoked: nothing new starts. */
  leaving = false;
  /** Gone: what still runs for it has no effect here. */
  dropped = false;
  /** Times in a row that our side was unavailable. */
  faults = 0;
  /** Set while the partition waits because our side is unavailable. */
  cancelWait: (() => void) | undefined;

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
  }

  laneOf(key: string): Lane {
    const existing = this.lanes.get(key);
    if (existing !== undefined) return existing;
    const lane = new Lane(this, key);
    this.lanes.set(key, lane);
    return lane;
  }

  flows(): boolean {
    return this.ready && !this.leaving && !this.dropped && this.cancelWait === undefined;
  }

  isBusy(): boolean {
    return [...this.lanes.values()].some((lane) => lane.busy);
  }

  /** Ends all waits. Returns the entries that were not done. */
  drop(): readonly LaneEntry[] {
    this.dropped = true;
    this.cancelWait?.();
    const rest = [...this.lanes.values()].flatMap((lane) => {
      lane.cancelWait?.();
      return lane.queue;
    });
    this.lanes.clear();
    return rest;
  }
}
