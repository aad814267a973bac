import type { IncomingRecord, OutgoingRecord } from '../ports/event-bus.port.js';
import { RESOLUTIONS, type RecordPosition, type Resolution } from '../ports/parked-event-store.port.js';

/**
 * Headers of a resolution: a copy of a dead record on its own topic, by which one consumer group learns what an
 * operator decided. It has the dead record's key, so it reaches the member that owns the key, and its id, so whoever
 * reads the topic without the runtime knows it as a duplicate. Other groups pass it over.
 */
export const RESOLUTION_HEADERS = {
  group: 'resolve-consumer-group',
  resolution: 'resolve-as',
  partition: 'resolve-partition',
  offset: 'resolve-offset',
} as const;

export interface DeadLetterResolution {
  readonly group: string;
  readonly resolution: Resolution;
  /** Where the dead record lay when it came to the group. */
  readonly position: RecordPosition;
}

/** The record to publish. `record` is as it came, without the headers that its way to the dead-letter topic added. */
export function resolutionRecord(record: OutgoingRecord, decision: DeadLetterResolution): OutgoingRecord {
  const { group, resolution, position } = decision;
  return {
    ...record,
    headers: {
      ...record.headers,
      [RESOLUTION_HEADERS.group]: group,
      [RESOLUTION_HEADERS.resolution]: resolution,
      [RESOLUTION_HEADERS.partition]: String(position.partition),
      [RESOLUTION_HEADERS.offset]: String(position.offset),
    },
  };
}

/** What a record says of a dead one; undefined for an ordinary event. */
export function resolutionOf({ topic, headers }: IncomingRecord): DeadLetterResolution | undefined {
  const group = headers[RESOLUTION_HEADERS.group];
  const resolution = RESOLUTIONS.find((name) => name === headers[RESOLUTION_HEADERS.resolution]);
  const partition = headers[RESOLUTION_HEADERS.partition] ?? '';
  const offset = headers[RESOLUTION_HEADERS.offset] ?? '';
  if (group === undefined || resolution === undefined || !/^\d{1,9}$/.test(partition) || !/^\d{1,18}$/.test(offset)) {
    return undefined;
  }
  return { group, resolution, position: { topic, partition: Number(partition), offset: BigInt(offset) } };
}
