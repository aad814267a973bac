import type { OutgoingRecord } from '@millrace/messaging/ports';

/** One record's entry in the head line of an encoded batch: all but the value, whose length in bytes it gives. */
type Head = readonly [topic: string, key: string, headers: Readonly<Record<string, string>>, valueBytes: number];

const NEWLINE = 0x0a;

/** A batch of records as one byte string: a line of JSON, then the values one after the other. */
export function encodeRecords(records: readonly OutgoingRecord[]): Buffer {
  const heads: Head[] = records.map(({ topic, key, headers, value }) => [topic, key, headers, value.byteLength]);
  return Buffer.concat([Buffer.from(`${JSON.stringify(heads)}\n`), ...records.map(({ value }) => value)]);
}

/** The inverse of `encodeRecords`. The values are views into `bytes`. */
export function decodeRecords(bytes: Buffer): readonly OutgoingRecord[] {
  const end = bytes.indexOf(NEWLINE);
  const heads = JSON.parse(bytes.toString('utf8', 0, end)) as readonly Head[];
  let position = end + 1;
  return heads.map(([topic, key, headers, valueBytes]) => {
    const value = bytes.subarray(position, (position += valueBytes));
    return { topic, key, headers, value };
  });
}
