import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { silentLogger, systemClock } from '@millrace/kernel';
import type { NewEvent, OutboxBatch, ReceivedEvent } from '@millrace/messaging/ports';
import { inboxSweep } from '../inbox/inbox-sweep.js';
import { messagingMigration } from '../migrate/messaging-migration.js';
import { migrate } from '../migrate/migrate.js';
import { PostgresOutboxStore } from '../outbox/outbox-store.postgres.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { TableSweeper } from '../sweep/table-sweeper.postgres.js';
import { PostgresUnitOfWork } from './unit-of-work.postgres.js';

const START_MS = 60_000;
let server: EmbeddedPostgres;
let pool: pg.Pool;
let committed: OutboxBatch[];

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({ url: server.url, schema: 'demo', service: 'demo', migrations: [messagingMigration('demo')] });
  pool = createPool({ url: server.url, role: 'millrace_demo_system', applicationName: 'spec' });
  const admin = createPool({ url: server.url, applicationName: 'spec-admin' });
  await admin.query('CREATE TABLE demo.effect (name text PRIMARY KEY)');
  await admin.end();
}, START_MS);

afterAll(async () => {
  await pool.end();
  await server.stop();
});

beforeEach(async () => {
  committed = [];
  await pool.query('DELETE FROM demo.effect');
  await pool.query('DELETE FROM demo.inbox');
  await pool.query('DELETE FROM demo.outbox');
});

/** Stands for a stamper: one record per event, its data as the key. */
const stamper = {
  stamp: (events: readonly NewEvent[]) =>
    events.map(({ data }) => ({
      topic: 't',
      key: String(data),
      headers: { a: 'ä\n"' },
      value: Buffer.from([0, 10, 255]),
    })),
};

function unitOfWork(of = pool) {
  return new PostgresUnitOfWork({
    pool: of,
    schema: 'demo',
    stores: (client) => ({
      effects: { put: (name: string) => client.query('INSERT INTO demo.effect VALUES ($1)', [name]) },
    }),
    stamper,
    dispatcher: { committed: async (batches) => void committed.push(...batches) },
  });
}

function event(data: string): NewEvent {
  return { definition: {} as NewEvent['definition'], data };
}

function received(id: string): ReceivedEvent {
  return { id } as ReceivedEvent;
}

async function counts(): Promise<unknown> {
  const text = `SELECT (SELECT count(*)::int FROM demo.effect) AS effects, (SELECT count(*)::int FROM demo.inbox) AS marks,
    (SELECT count(*)::int FROM demo.outbox) AS rows`;
  return (await pool.query(text)).rows[0];
}

describe('PostgresUnitOfWork', () => {
  it('API-18: commits effect, inbox marks and outbox row together, and hands the row on after the commit', async () => {
    await unitOfWork().run(async ({ effects, inbox, outbox }) => {
      expect(await inbox.claim('demo', [received('b'), received('a'), received('b')])).toEqual([
        received('b'),
        received('a'),
      ]);
      await effects.put('x');
      await outbox.add([event('one'), event('two')]);
      await outbox.add([event('three')]);
      expect(committed).toEqual([]);
    });
    expect(await counts()).toEqual({ effects: 1, marks: 2, rows: 1 });
    expect(committed.flatMap(({ records }) => records.map(({ key }) => key))).toEqual(['one', 'two', 'three']);
    const store = new PostgresOutboxStore({ pool, schema: 'demo' });
    expect(await store.leftBehind({ olderThanMs: 0, limit: 10 })).toEqual(committed);
    await store.markPublished(committed.map(({ id }) => id));
    expect(await store.oldestUnpublishedMs()).toBeUndefined();
  });

  it('API-18: rolls all of it back together', async () => {
    const failing = unitOfWork().run(async ({ effects, inbox, outbox }) => {
      await inbox.claim('demo', [received('a')]);
      await effects.put('x');
      await outbox.add([event('one')]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await counts()).toEqual({ effects: 0, marks: 0, rows: 0 });
    expect(committed).toEqual([]);
  });

  it('P3: a redelivery has no effect, also while the first delivery has not committed', async () => {
    const deliver = () =>
      unitOfWork().run(async ({ effects, inbox }) => {
        const fresh = await inbox.claim('demo', [received('a')]);
        for (const { id } of fresh) await effects.put(id);
        return fresh.length;
      });
    const applied = await Promise.all(Array.from({ length: 8 }, deliver));
    expect(applied.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(await deliver()).toBe(0);
    expect(await counts()).toEqual({ effects: 1, marks: 1, rows: 0 });
  });

  it('marks are per consumer', async () => {
    for (const consumer of ['one', 'two']) {
      await unitOfWork().run(async ({ inbox }) => {
        expect(await inbox.claim(consumer, [received('a')])).toHaveLength(1);
      });
    }
  });

  it('rejects when work swallowed the error of a statement, for then nothing was committed', async () => {
    const swallowing = unitOfWork().run(async ({ effects, outbox }) => {
      await effects.put('x');
      await effects.put('x').catch(() => {});
      await outbox.add([]);
    });
    await expect(swallowing).rejects.toMatchObject({ kind: 'internal' });
    expect(await counts()).toEqual({ effects: 0, marks: 0, rows: 0 });
  });

  it('maps a broken connection to unavailable, and works again at once', async () => {
    const cut = unitOfWork().run(async ({ effects }) => {
      await effects.put('x');
      const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'`;
      const admin = createPool({ url: server.url, applicationName: 'spec-admin' });
      await admin.query(others);
      await admin.end();
      await effects.put('y');
    });
    await expect(cut).rejects.toMatchObject({ kind: 'unavailable', retriable: true });
    await unitOfWork().run(({ effects }) => effects.put('z'));
    expect(await counts()).toEqual({ effects: 1, marks: 0, rows: 0 });
  });

  it('API-18: a request role writes the outbox without being able to read it', async () => {
    const requests = createPool({ url: server.url, role: 'millrace_demo_request', applicationName: 'spec' });
    await unitOfWork(requests).run(({ outbox }) => outbox.add([event('mine')]));
    expect(committed).toHaveLength(1);
    await expect(requests.query('SELECT records FROM demo.outbox')).rejects.toThrow('permission denied');
    await requests.end();
  });

  it('splits very many events into rows of bounded size, in order', async () => {
    const events = Array.from({ length: 33 * 500 + 1 }, (_, index) => event(String(index)));
    await unitOfWork().run(({ outbox }) => outbox.add(events));
    expect(committed.map(({ records }) => records.length)).toEqual([...Array<number>(33).fill(500), 1]);
    const store = new PostgresOutboxStore({ pool, schema: 'demo' });
    const keys = (await store.leftBehind({ olderThanMs: 0, limit: 100 })).flatMap(({ records }) =>
      records.map((r) => r.key),
    );
    expect(keys).toEqual(events.map(({ data }) => data));
  });
});

it('the sweeper of the inbox removes old marks and leaves young ones', async () => {
  await unitOfWork().run(({ inbox }) => inbox.claim('demo', [received('old'), received('young')]));
  await pool.query(`UPDATE demo.inbox SET applied_at = now() - interval '43 days' WHERE event_id = 'old'`);
  const sweeper = new TableSweeper({ pool, rules: [inboxSweep('demo')], clock: systemClock, logger: silentLogger });
  expect(await sweeper.sweep()).toBe(1);
  expect((await pool.query('SELECT event_id FROM demo.inbox')).rows).toEqual([{ event_id: 'young' }]);
});

describe('PostgresOutboxStore', () => {
  it('lets one relay at a time', async () => {
    const store = new PostgresOutboxStore({ pool, schema: 'demo' });
    const ran = await store.exclusively(async () => {
      expect(await store.exclusively(async () => {})).toBe(false);
    });
    expect(ran).toBe(true);
    await expect(store.exclusively(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await store.exclusively(async () => {})).toBe(true);
  });

  it('leaves young rows to the process that wrote them', async () => {
    await unitOfWork().run(({ outbox }) => outbox.add([event('young')]));
    const store = new PostgresOutboxStore({ pool, schema: 'demo' });
    expect(await store.leftBehind({ olderThanMs: 60_000, limit: 10 })).toEqual([]);
    expect(await store.oldestUnpublishedMs()).toBeLessThan(60_000);
  });
});
