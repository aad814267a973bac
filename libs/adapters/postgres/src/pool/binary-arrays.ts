import type { Instant } from '@millrace/kernel';

/**
 * One-dimensional arrays as Postgres sends them (`array_send` in its arrayfuncs.c): parameters of a batch. `pg` hands a
 * Buffer on as it is. As text each element would be escaped here and parsed again there, which was a tenth of the cost of
 * a lease.
 */
const OID = {
  boolean: 16,
  bigint: 20,
  smallint: 21,
  integer: 23,
  text: 25,
  timestamptz: 1184,
  uuid: 2950,
  jsonb: 3802,
};
/** Dimensions, whether any is null, element type; then length and lower bound of the one dimension. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;
const JSONB_VERSION = '\u0001';
const UUID_BYTES = 16;
/** 2000-01-01, where Postgres counts from, in µs. */
const EPOCH_MS = 946_684_800_000;
const MICROS = 1_000n;

export function textArray(values: readonly (string | null)[]): Buffer {
  return stringArray(OID.text, '', values);
}

/** Of JSON texts. */
export function jsonbArray(values: readonly (string | null)[]): Buffer {
  return stringArray(OID.jsonb, JSONB_VERSION, values);
}

/** Throws RangeError for what is no UUID. */
export function uuidArray(values: readonly string[]): Buffer {
  return fixedArray(OID.uuid, UUID_BYTES, values, (array, value, at) => {
    const written = array.write(value.replaceAll('-', ''), at, 'hex');
    if (written !== UUID_BYTES) throw new RangeError(`"${value}" is no UUID`);
  });
}

export function integerArray(values: readonly number[]): Buffer {
  return fixedArray(OID.integer, 4, values, (array, value, at) => array.writeInt32BE(value, at));
}

export function smallintArray(values: readonly number[]): Buffer {
  return fixedArray(OID.smallint, 2, values, (array, value, at) => array.writeInt16BE(value, at));
}

/** Of whole numbers up to 2^53. */
export function bigintArray(values: readonly number[]): Buffer {
  return fixedArray(OID.bigint, 8, values, (array, value, at) => array.writeBigInt64BE(BigInt(value), at));
}

export function booleanArray(values: readonly boolean[]): Buffer {
  return fixedArray(OID.boolean, 1, values, (array, value, at) => array.writeUInt8(value ? 1 : 0, at));
}

export function timestamptzArray(values: readonly (Instant | null)[]): Buffer {
  return fixedArray(OID.timestamptz, 8, values, (array, value, at) =>
    array.writeBigInt64BE(BigInt(Math.trunc(value - EPOCH_MS)) * MICROS, at),
  );
}

function fixedArray<Value extends string | number | boolean>(
  oid: number,
  width: number,
  values: readonly (Value | null)[],
  write: (array: Buffer, value: Value, at: number) => void,
): Buffer {
  const nulls = values.reduce<number>((count, value) => (value === null ? count + 1 : count), 0);
  const array = headed(oid, values.length, nulls > 0, (values.length - nulls) * width);
  let at = HEAD_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(value === null ? NULL_LENGTH : width, at);
    if (value === null) continue;
    write(array, value, at);
    at += width;
  }
  return array;
}

function stringArray(oid: number, prefix: string, values: readonly (string | null)[]): Buffer {
  let hasNull = false;
  let bytes = 0;
  for (const value of values) {
    if (value === null) hasNull = true;
    else bytes += prefix.length + Buffer.byteLength(value);
  }
  const array = headed(oid, values.length, hasNull, bytes);
  let at = HEAD_BYTES;
  for (const value of values) {
    const start = at + LENGTH_BYTES;
    const end = value === null ? start : start + prefix.length + array.write(value, start + prefix.length);
    if (value !== null && prefix !== '') array.write(prefix, start);
    array.writeInt32BE(value === null ? NULL_LENGTH : end - start, at);
    at = end;
  }
  return array;
}

function headed(oid: number, length: number, hasNull: boolean, valueBytes: number): Buffer {
  const array = Buffer.allocUnsafe(HEAD_BYTES + length * LENGTH_BYTES + valueBytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}
