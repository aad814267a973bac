import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { createPool } from './create-pool.js';

let server: EmbeddedPostgres;
beforeAll(async () => {
  server = await startTemporaryPostgres();
}, 60_000);
afterAll(() => server?.stop());

it('P22: a connection that breaks while it is lent out, between two statements, fails the next one and nothing else', async () => {
  const pool = createPool({ url: server.url, applicationName: 'lent' });
  const client = await pool.connect();
  await client.query('BEGIN');
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lent'`);
  await admin.end();
  await ended;
  await expect(client.query('SELECT 1')).rejects.toThrow();
  client.release(true);
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await pool.end();
});
