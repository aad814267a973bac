import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { seededRng, silentLogger, sleep, systemClock } from '@millrace/kernel';
import { OutboxDispatcher } from '@millrace/messaging';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import { messagingMigration } from '../migrate/messaging-migration.js';
import { migrate } from '../migrate/migrate.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { insertOutboxRows, PostgresOutboxStore } from './outbox-store.postgres.js';

const START_MS = 60_000;
const WRITERS = 32;
const TRANSACTIONS = 12;
let server: EmbeddedPostgres;
let pool: pg.Pool;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({ url: server.url, schema: 'demo', service: 'demo', migrations: [messagingMigration('demo')] });
  pool = createPool({ url: server.url, role: 'millrace_demo_system', applicationName: 'spec', max: WRITERS + 8 });
}, START_MS);

afterAll(async () => {
  await pool.end();
  await server.stop();
});

function record(key: string): OutgoingRecord {
  return { topic: 't', key, headers: {}, value: Buffer.from(key) };
}

/** Commits rows after random delays, so that they commit in another order than their ids; rolls every tenth back. */
async function write(writer: number): Promise<readonly string[]> {
  const rng = seededRng(writer);
  const committed: string[] = [];
  for (let n = 0; n < TRANSACTIONS; n++) {
    const keys = [`${writer}/${n}/a`, `${writer}/${n}/b`];
    const client = await pool.connect();
    await client.query('BEGIN');
    await insertOutboxRows(client, 'demo', [keys.map(record)]);
    await client.query('SELECT pg_sleep($1)', [rng.next() * 0.03]);
    const kept = n % 10 !== 9;
    await client.query(kept ? 'COMMIT' : 'ROLLBACK');
    client.release();
    if (kept) committed.push(...keys);
  }
  return committed;
}

/**
 * A relay over the shared table. After `dieAfter` publishes it is dead: what it sends on is taken by the bus, but no
 * row is marked any more, as after a kill between the two.
 */
function relay(published: string[], dieAfter: number) {
  let publishes = 0;
  let die = (): void => {};
  const died = new Promise<void>((resolve) => (die = resolve));
  const bus = {
    publish: async (records: readonly OutgoingRecord[]) => {
      publishes += 1;
      published.push(...records.map(({ key }) => key));
      if (publishes <= dieAfter) return;
      die();
      throw new Error('killed');
    },
  };
  const limits = { leftBehindMs: 1, relayIntervalMs: 3, relayRowsMax: 20 };
  const store = new PostgresOutboxStore({ pool, schema: 'demo' });
  return { died, dispatcher: new OutboxDispatcher({ bus, store, clock: systemClock, logger: silentLogger, limits }) };
}

describe('outbox', () => {
  it(
    'P5: misses no row under 32 writers with random commit delays while two relays are killed',
    async () => {
      const published: string[] = [];
      const doomed = [relay(published, 2), relay(published, 5)];
      const survivor = relay(published, Number.POSITIVE_INFINITY).dispatcher;
      for (const { dispatcher } of doomed) dispatcher.start();
      const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
      for (const { died, dispatcher } of doomed) await died.then(() => dispatcher.stop());
      survivor.start();
      const committed = (await writing).flat();
      const store = new PostgresOutboxStore({ pool, schema: 'demo' });
      while ((await store.oldestUnpublishedMs()) !== undefined) await sleep(systemClock, 5);
      await survivor.stop();
      expect(committed).toHaveLength(WRITERS * (TRANSACTIONS - 1) * 2);
      expect([...new Set(published)].sort()).toEqual([...committed].sort());
      expect(published.length).toBeGreaterThan(committed.length);
    },
    START_MS,
  );
});
