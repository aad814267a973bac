import { AppError, messageOf } from '@millrace/kernel';
import { decodeRecord } from '../codec/decode-record.js';
import type { IncomingRecord } from '../ports/event-bus.port.js';
import type { ReceivedEvent } from '../ports/event.port.js';
import type { ParkedEvent } from '../ports/parked-event-store.port.js';
import type { Verdict } from './judge-result.js';
import { resolutionOf } from './resolution.js';
import type { WatermarkSlot } from './watermark.js';

/** One record on its way to the handler, or to where it goes instead. */
export interface LaneEntry {
  readonly record: IncomingRecord;
  /** Undefined for a record that can't be read. */
  readonly event: ReceivedEvent | undefined;
  /** The verdict on a record that can't be read; undefined for all others. */
  readonly unreadable: Verdict | undefined;
  readonly bytes: number;
  /** Undefined for a copy from the parked-event store, whose offset has moved already. */
  readonly slot: WatermarkSlot | undefined;
  failedTries: number;
  /** Times that an operator put the record back. */
  redrives: number;
  /** To be tried by itself. */
  alone: boolean;
  verdict: Verdict | undefined;
  finished: boolean;
}

/** Reads a record from the bus. One that can't be read is dead at once. */
export function laneEntry(record: IncomingRecord, slot: WatermarkSlot | undefined, group: string): LaneEntry {
  const read = readRecord(record);
  return {
    ...{ record, slot, ...read, bytes: record.value.byteLength, failedTries: 0, redrives: 0 },
    alone: false,
    finished: false,
    verdict: resolutionVerdict(record, group) ?? read.unreadable,
  };
}

/** An entry of a stored event, which goes on counting where it was. */
export function storedEntry(stored: ParkedEvent, group: string): LaneEntry {
  const entry = laneEntry(stored.record, undefined, group);
  recall(entry, stored);
  return entry;
}

/** Gives an entry the counts of its stored copy: a redelivery does not start again. */
export function recall(entry: LaneEntry, { failedTries = 0, redrives = 0 }: ParkedEvent): void {
  entry.failedTries = Math.max(entry.failedTries, failedTries);
  entry.redrives = Math.max(entry.redrives, redrives);
  entry.alone ||= failedTries > 0;
}

/** A resolution is for one group; the others have applied the event, or have a dead letter of their own. */
function resolutionVerdict(record: IncomingRecord, group: string): Verdict | undefined {
  const decision = resolutionOf(record);
  if (decision === undefined) return undefined;
  if (decision.group !== group) return { kind: 'applied' };
  return { kind: 'resolve', resolution: decision.resolution, position: decision.position };
}

function readRecord(record: IncomingRecord): Pick<LaneEntry, 'event' | 'unreadable'> {
  try {
    return { event: decodeRecord(record), unreadable: undefined };
  } catch (error) {
    const errorClass = error instanceof AppError ? error.code : 'event_malformed';
    return { event: undefined, unreadable: { kind: 'dead', reason: messageOf(error), errorClass } };
  }
}
