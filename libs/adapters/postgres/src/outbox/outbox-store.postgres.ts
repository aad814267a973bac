import type pg from 'pg';
import type { DurationMs } from '@millrace/kernel';
import type { OutboxBatch, OutboxStore, OutgoingRecord } from '@millrace/messaging/ports';
import { mapFault, mappingFaults } from '../pool/map-fault.js';
import { decodeRecords, encodeRecords } from './record-codec.js';

interface OutboxRow {
  readonly id: string;
  readonly records: Buffer;
}

/** Rows of one insert: what is more takes another. Each number of rows is a statement that the connection prepares. */
const INSERT_ROWS_MAX = 32;

/**
 * Writes one row per batch in the transaction of `client`, in order. Returns them with their ids. Each row is a parameter
 * of its own: it travels as bytes, where an array of them would travel as text of twice the length.
 */
export async function insertOutboxRows(
  client: pg.ClientBase,
  schema: string,
  batches: readonly (readonly OutgoingRecord[])[],
): Promise<readonly OutboxBatch[]> {
  const written: OutboxBatch[] = [];
  for (let from = 0; from < batches.length; from += INSERT_ROWS_MAX) {
    const part = batches.slice(from, from + INSERT_ROWS_MAX);
    const { rows } = await client.query<{ id: string }>({
      name: `${schema}-outbox-insert-${part.length}`,
      text: `INSERT INTO ${schema}.outbox (records) VALUES ${part.map((_, row) => `($${row + 1})`).join(', ')} RETURNING id`,
      values: part.map(encodeRecords),
    });
    written.push(...rows.map(({ id }, row) => ({ id, records: part[row] ?? [] })));
  }
  return written;
}

/** The outbox table of a schema, for the dispatcher. The pool's role is the service's `_system` role. */
export class PostgresOutboxStore implements OutboxStore {
  constructor(private readonly options: { readonly pool: pg.Pool; readonly schema: string }) {}

  async markPublished(ids: readonly string[]): Promise<void> {
    const { pool, schema } = this.options;
    // Needn't wait for the disk: a row that comes back after a crash is published again, which is allowed.
    const text = `DELETE FROM ${schema}.outbox WHERE id = ANY($1::bigint[])
      AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL`;
    await mappingFaults(() => pool.query({ name: `${schema}-outbox-published`, text, values: [ids] }));
  }

  async leftBehind(options: {
    readonly olderThanMs: DurationMs;
    readonly limit: number;
  }): Promise<readonly OutboxBatch[]> {
    const { pool, schema } = this.options;
    const text = `SELECT id, records FROM ${schema}.outbox
      WHERE written_at <= clock_timestamp() - $1::double precision * interval '1 ms' ORDER BY id LIMIT $2`;
    const values = [options.olderThanMs, options.limit];
    const { rows } = await mappingFaults(() => pool.query<OutboxRow>({ text, values }));
    return rows.map(({ id, records }) => ({ id, records: decodeRecords(records) }));
  }

  async oldestUnpublishedMs(): Promise<DurationMs | undefined> {
    const { pool, schema } = this.options;
    // The first in the index is as good as the oldest, and found without a sort.
    const text = `SELECT extract(epoch FROM clock_timestamp() - written_at)::double precision * 1000 AS age
      FROM ${schema}.outbox ORDER BY id LIMIT 1`;
    const { rows } = await mappingFaults(() =>
      pool.query<{ age: number }>({ name: `${schema}-outbox-oldest`, text, values: [] }),
    );
    return rows[0] === undefined ? undefined : Math.max(0, rows[0].age);
  }

  async exclusively(work: () => Promise<void>): Promise<boolean> {
    const client = await this.options.pool.connect().catch((error: unknown) => Promise.reject(mapFault(error)));
    let broken: Error | undefined;
    const onError = (error: Error): void => void (broken = error);
    client.on('error', onError);
    try {
      return await this.whileLocked(client, work);
    } finally {
      client.removeListener('error', onError);
      client.release(broken);
    }
  }

  private async whileLocked(client: pg.PoolClient, work: () => Promise<void>): Promise<boolean> {
    const key = [`millrace outbox ${this.options.schema}`];
    const lock = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held';
    const { rows } = await mappingFaults(() => client.query<{ held: boolean }>(lock, key));
    if (rows[0]?.held !== true) return false;
    try {
      await work();
      return true;
    } finally {
      // A connection that broke has lost the lock already.
      await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', key).catch(() => {});
    }
  }
}
