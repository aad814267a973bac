import type { TopicPartition } from '../ports/event-bus.port.js';
import { Lane, type LaneEntry } from './lane.js';
import { Watermark } from './watermark.js';

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
