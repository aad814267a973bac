import { AppError, messageOf } from '@millrace/kernel';
import { decodeEvent } from '../codec/decode-event.js';
import type { IncomingRecord } from '../ports/event-bus.port.js';
import type { ReceivedEvent } from '../ports/event.port.js';
import type { Verdict } from './judge-result.js';
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
