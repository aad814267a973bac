import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import {
  bigintArray,
  booleanArray,
  integerArray,
  jsonbArray,
  smallintArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from './binary-arrays.js';
import { createPool } from './create-pool.js';

let server: EmbeddedPostgres;
let pool: pg.Pool;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  pool = createPool({ url: server.url, applicationName: 'spec' });
}, 60_000);

afterAll(async () => {
  await pool.end();
  await server.stop();
});

async function back(type: string, array: Buffer): Promise<readonly unknown[]> {
  const { rows } = await pool.query<{ value: unknown }>(`SELECT unnest($1::${type}[]) AS value`, [array]);
  return rows.map(({ value }) => value);
}

describe('arrays as Postgres sends them', () => {
  it('come back as they went, with nulls where they may be', async () => {
    const ids = ['01890a5d-ac96-774b-bcce-b302099a8057', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
    expect(await back('uuid', uuidArray(ids))).toEqual(ids);
    const texts = ['', 'NULL', null, '{"a",\\}', 'ä球🙂', ' x '];
    expect(await back('text', textArray(texts))).toEqual(texts);
    expect(await back('integer', integerArray([0, -1, 2_147_483_647]))).toEqual([0, -1, 2_147_483_647]);
    expect(await back('smallint', smallintArray([-32_768, 7]))).toEqual([-32_768, 7]);
    expect(await back('bigint', bigintArray([-5, 2 ** 53 - 1]))).toEqual(['-5', '9007199254740991']);
    expect(await back('boolean', booleanArray([true, false]))).toEqual([true, false]);
    const json = [{ a: ['"', 'ä', 1.5e300] }, [], 'x'];
    const encoded = jsonbArray([...json.map((value) => JSON.stringify(value)), null]);
    expect(await back('jsonb', encoded)).toEqual([...json, null]);
  });

  it('keep instants to the millisecond, before 1970 and after 2000 too', async () => {
    const instants = [0, -1, 946_684_799_999, Date.UTC(2026, 10, 23, 3, 4, 5, 678), null];
    const times = await back('timestamptz', timestamptzArray(instants));
    expect(times.map((time) => (time === null ? null : (time as Date).getTime()))).toEqual(instants);
  });

  it('may be empty, and refuse what is no value of theirs', async () => {
    for (const [type, array] of [['uuid', uuidArray([])] as const, ['jsonb', jsonbArray([])] as const]) {
      expect(await back(type, array)).toEqual([]);
    }
    for (const id of ['', 'x', '01890a5d-ac96-774b-bcce-b302099a805', "'; drop table tasks"]) {
      expect(() => uuidArray([id])).toThrow(RangeError);
    }
    expect(() => integerArray([2 ** 31])).toThrow('out of range');
    await expect(back('jsonb', jsonbArray(['{']))).rejects.toThrow('invalid input syntax for type json');
  });
});
