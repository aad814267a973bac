import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger, systemClock } from '@millrace/kernel';
import type pg from 'pg';
import type { ParkedEvent, ParkedKind } from '@millrace/messaging/ports';
import { parkedStoreConformance } from '@millrace/messaging/testing';
import { parkedSweep } from './parked-sweep.js';
import { TableSweeper } from '../sweep/table-sweeper.postgres.js';
import { delayedRetriesMigration } from '../migrate/delayed-retries-migration.js';
import { messagingMigration } from '../migrate/messaging-migration.js';
import { migrate } from '../migrate/migrate.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { PostgresParkedEventStore } from './parked-event-store.postgres.js';

const START_MS = 60_000;
const GROUP = 'demo.group';
let server: EmbeddedPostgres;
let pool: pg.Pool;
let store: PostgresParkedEventStore;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({
    url: server.url,
    schema: 'demo',
    service: 'demo',
    migrations: [messagingMigration('demo'), delayedRetriesMigration('demo')],
  });
  pool = createPool({ url: server.url, role: 'millrace_demo_system', applicationName: 'spec' });
  store = new PostgresParkedEventStore({ pool, schema: 'demo' });
}, START_MS);

afterAll(async () => {
  await pool.end();
  await server.stop();
});

beforeEach(async () => {
  await pool.query('DELETE FROM demo.parked_events');
});

function parked(offset: bigint, kind: ParkedKind, overrides: Partial<ParkedEvent['record']> = {}): ParkedEvent {
  const value = Buffer.from([0, 1, 254, 255]);
  const headers = { ce_id: `id-${offset}`, place: 'Zürich "東京" \\' };
  const record = { topic: 't', partition: 1, offset, key: 'k', headers, value, appendedAt: 1_767_225_600_123 };
  return { kind, reason: 'early', parkedAt: 1_767_225_600_456, record: { ...record, ...overrides } };
}

parkedStoreConformance('Postgres', async () => ({ store, close: async () => {} }));

describe('PostgresParkedEventStore', () => {
  it('gives records back as they came, by ascending offset, at most the limit', async () => {
    const entries = [parked(9n, 'parked'), parked(2n ** 53n + 1n, 'dead'), parked(3n, 'held')];
    await store.put(GROUP, entries);
    expect(await store.load(GROUP, 't', 'k', 10)).toEqual([entries[2], entries[0], entries[1]]);
    expect(await store.load(GROUP, 't', 'k', 1)).toEqual([entries[2]]);
    expect(await store.load('other.group', 't', 'k', 10)).toEqual([]);
  });

  it('a second put changes kind and reason and keeps the time', async () => {
    await store.put(GROUP, [parked(1n, 'held')]);
    await store.put(GROUP, [{ ...parked(1n, 'dead'), reason: 'broken', parkedAt: 1_800_000_000_000 }]);
    expect(await store.load(GROUP, 't', 'k', 10)).toEqual([{ ...parked(1n, 'dead'), reason: 'broken' }]);
  });

  it('counts the entries of each key of the partitions asked for', async () => {
    await store.put(GROUP, [
      parked(1n, 'dead'),
      parked(2n, 'parked'),
      parked(3n, 'parked'),
      parked(1n, 'held', { partition: 2, key: 'other' }),
    ]);
    expect(await store.keys(GROUP, [{ topic: 't', partition: 1 }])).toEqual([
      { topic: 't', partition: 1, key: 'k', counts: { held: 0, parked: 2, delayed: 0, dead: 1 } },
    ]);
    expect(await store.keys(GROUP, [{ topic: 't', partition: 2 }])).toHaveLength(1);
    expect(await store.keys(GROUP, [])).toEqual([]);
  });

  it('removes by position and ignores unknown positions', async () => {
    await store.put(GROUP, [parked(1n, 'held'), parked(2n, 'held')]);
    await store.remove(GROUP, [
      { topic: 't', partition: 1, offset: 1n },
      { topic: 't', partition: 1, offset: 77n },
    ]);
    expect((await store.load(GROUP, 't', 'k', 10)).map(({ record }) => record.offset)).toEqual([2n]);
  });

  it('the sweeper removes what waited longer than any topic keeps its records, and says so', async () => {
    const day = 24 * 3_600_000;
    const told: unknown[] = [];
    const logger = { ...silentLogger, warn: (_text: string, facts?: unknown) => void told.push(facts) };
    const sweeper = new TableSweeper({ pool, rules: [parkedSweep('demo')], clock: systemClock, logger });
    const parkedAt = systemClock.now();
    await store.put(GROUP, [
      { ...parked(1n, 'held'), parkedAt: parkedAt - 43 * day },
      { ...parked(2n, 'parked'), parkedAt: parkedAt - 41 * day },
    ]);
    expect([await sweeper.sweep(), await sweeper.sweep()]).toEqual([1, 0]);
    expect(told).toEqual([{ table: 'demo.parked_events', removed: 1 }]);
    expect((await store.load(GROUP, 't', 'k', 10)).map(({ record }) => record.offset)).toEqual([2n]);
  });

  it('takes one position twice in a batch: the last counts', async () => {
    await store.put(GROUP, [parked(1n, 'held'), parked(1n, 'dead')]);
    expect((await store.load(GROUP, 't', 'k', 10)).map(({ kind }) => kind)).toEqual(['dead']);
  });
});
