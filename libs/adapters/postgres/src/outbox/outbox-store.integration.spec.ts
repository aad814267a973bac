import { afterAll, beforeAll } from '@jest/globals';
import type pg from 'pg';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import { outboxStoreConformance } from '@millrace/messaging/testing';
import { messagingMigration } from '../migrate/messaging-migration.js';
import { migrate } from '../migrate/migrate.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { insertOutboxRows, PostgresOutboxStore } from './outbox-store.postgres.js';

const START_MS = 60_000;
const ROLE = 'millrace_demo_system';
let server: EmbeddedPostgres;
/** Of two processes. */
let pools: readonly [pg.Pool, pg.Pool];

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({ url: server.url, schema: 'demo', service: 'demo', migrations: [messagingMigration('demo')] });
  const open = (applicationName: string): pg.Pool => createPool({ url: server.url, role: ROLE, applicationName });
  pools = [open('spec'), open('other')];
}, START_MS);

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await server.stop();
});

/** Writes a row and dates it back, number and time alike: rows are numbered in the order they are written. */
async function begin(records: readonly OutgoingRecord[], ageMs: number) {
  const client = await pools[0].connect();
  await client.query('BEGIN');
  const [row] = await insertOutboxRows(client, 'demo', [records]);
  const { rows } = await client.query<{ id: string }>(
    `WITH written AS (DELETE FROM demo.outbox WHERE id = $1 RETURNING *)
     INSERT INTO demo.outbox (id, written_at, records) OVERRIDING SYSTEM VALUE
     SELECT id - $2::bigint * 1000, written_at - $2::bigint * interval '1 ms', records FROM written RETURNING id`,
    [row?.id, ageMs],
  );
  const commit = async (): Promise<void> => {
    await client.query('COMMIT');
    client.release();
  };
  return { id: rows[0]?.id ?? '', commit };
}

outboxStoreConformance('Postgres', async () => ({
  store: new PostgresOutboxStore({ pool: pools[0], schema: 'demo' }),
  other: new PostgresOutboxStore({ pool: pools[1], schema: 'demo' }),
  begin,
  close: async () => void (await pools[0].query('DELETE FROM demo.outbox')),
}));
