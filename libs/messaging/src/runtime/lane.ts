import { AppError, messageOf } from '@millrace/kernel';
import { decodeEvent } from '../codec/decode-event.js';
import type { IncomingRecord } from '../ports/event-bus.port.js';
import type { ReceivedEvent } from '../ports/event.port.js';
import type { ParkedKind } from '../ports/parked-event-store.port.js';
import type { Verdict } from './judge-result.js';
import type { OwnedPartition } from './owned-partition.js';
import type { WatermarkSlot } from './watermark.js';

/** One record on its way to the handler, or to where it goes instead. */
export interface LaneEntry {
  readonly record: IncomingRecord;
  /** Undefined for a record that can't be read: its verdict is there from the start. */
  readonly event: ReceivedEvent | undefined;
  readonly bytes: number;
  /** Undefined for a copy from the parked-event store, whose offset has moved already. */
  readonly slot: WatermarkSlot | undefined;
  failedTries: number;
  /** To be tried by itself. */
  alone: boolean;
  verdict: Verdict | undefined;
  finished: boolean;
}

export type LaneStep = 'idle' | 'load' | 'settle' | 'alone' | 'batch';

/** Reads a record; one that can't be read is dead at once. */
export function laneEntry(record: IncomingRecord, slot: WatermarkSlot | undefined): LaneEntry {
  const entry = { record, slot, bytes: record.value.byteLength, failedTries: 0, alone: false, finished: false };
  try {
    return { ...entry, event: decodeEvent(record), verdict: undefined };
  } catch (error) {
    const errorClass = error instanceof AppError ? error.code : 'event_malformed';
    return { ...entry, event: undefined, verdict: { kind: 'dead', reason: messageOf(error), errorClass } };
  }
}

/** The records of one key of one partition, in order. At most one batch of a lane runs. */
export class Lane {
  queue: LaneEntry[] = [];
  busy = false;
  /** `parked`: a handler asked this key to wait. `blocked`: a dead record blocks the key. Both: followers are parked. */
  status: 'open' | 'parked' | 'blocked' = 'open';
  /** What of this key lies in the parked-event store, as far as it was loaded. */
  readonly stored = new Map<bigint, ParkedKind>();
  /** The store has to be read before the next record is touched. */
  mustLoad = false;
  /** The store has more of this key than was loaded. */
  moreStored = false;
  /** An event was applied since the store was read last: what is held may pass now. */
  applied = false;
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
    return !this.queue.some((entry) => this.stored.has(entry.record.offset));
  }
}
