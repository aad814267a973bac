import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { messagingMigration } from './messaging-migration.js';
import { migrate } from './migrate.js';

const START_MS = 60_000;
let server: EmbeddedPostgres;
let admin: pg.Pool;

class AddNotes1760000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE shop.note (tenant_id text NOT NULL, words text NOT NULL)');
    await runner.query('ALTER TABLE shop.note ENABLE ROW LEVEL SECURITY');
    await runner.query('ALTER TABLE shop.note FORCE ROW LEVEL SECURITY');
    await runner.query(`CREATE POLICY by_tenant ON shop.note TO millrace_shop_request
      USING (tenant_id = current_setting('app.tenant_id', true))`);
    await runner.query('CREATE POLICY all_rows ON shop.note TO millrace_shop_system USING (true)');
  }
  async down(): Promise<void> {}
}

class AddColour1760000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE shop.note ADD colour text NOT NULL DEFAULT 'red'`);
  }
  async down(): Promise<void> {}
}

const FIRST = [messagingMigration('shop'), AddNotes1760000000001];

beforeAll(async () => {
  server = await startTemporaryPostgres();
  admin = createPool({ url: server.url, applicationName: 'spec' });
}, START_MS);

afterAll(async () => {
  await admin.end();
  await server.stop();
});

function run(migrations = FIRST): Promise<void> {
  return migrate({ url: server.url, schema: 'shop', service: 'shop', migrations });
}

async function as<Row extends pg.QueryResultRow>(role: string, sql: string): Promise<Row[]> {
  const pool = createPool({ url: server.url, role, applicationName: 'spec' });
  try {
    return (await pool.query<Row>(sql)).rows;
  } finally {
    await pool.end();
  }
}

describe('migrate', () => {
  it('lets two starters at once take turns, and runs each migration once', async () => {
    await Promise.all([run(), run()]);
    await run();
    const { rows } = await admin.query('SELECT name FROM shop.migrations ORDER BY name');
    expect(rows).toEqual([{ name: 'AddNotes1760000000001' }, { name: 'Messaging1760000000000' }]);
  });

  it('upgrades existing data without dropping it, and serves new tables to the roles', async () => {
    await admin.query(`INSERT INTO shop.note VALUES ('a', 'kept')`);
    await run([...FIRST, AddColour1760000000002]);
    expect(await as('millrace_shop_system', 'SELECT words, colour FROM shop.note')).toEqual([
      { words: 'kept', colour: 'red' },
    ]);
  });

  it('SEC: the request role sees its tenant only, and none before a tenant is named', async () => {
    expect(await as('millrace_shop_request', 'SELECT * FROM shop.note')).toEqual([]);
    const named = `WITH tenant AS MATERIALIZED (SELECT set_config('app.tenant_id', 'a', false)) SELECT 1 FROM tenant`;
    expect(await as('millrace_shop_request', named)).toHaveLength(1);
    await expect(as('millrace_shop_request', `INSERT INTO shop.note VALUES ('b', 'foreign')`)).rejects.toThrow(
      'policy',
    );
  });

  it.each([
    ['millrace_shop_request', 'SELECT * FROM shop.outbox'],
    ['millrace_shop_request', 'SELECT * FROM shop.inbox'],
    ['millrace_shop_request', 'SELECT * FROM shop.parked_events'],
    ['millrace_shop_system', 'SELECT * FROM shop.migrations'],
    ['millrace_shop_system', 'CREATE TABLE shop.own (id int)'],
    ['millrace_shop_system', 'DROP TABLE shop.note'],
  ])('SEC: %s may not: %s', async (role, sql) => {
    await expect(as(role, sql)).rejects.toThrow(/permission denied|must be owner/);
  });

  it('leaves nothing of a migration that fails, and says which fault it was', async () => {
    class Broken1760000000003 implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.query('CREATE TABLE shop.half (id int)');
        await runner.query('SELECT no_such_function()');
      }
      async down(): Promise<void> {}
    }
    await expect(run([...FIRST, AddColour1760000000002, Broken1760000000003])).rejects.toThrow('no_such_function');
    const { rows } = await admin.query(`SELECT to_regclass('shop.half') AS half`);
    expect(rows).toEqual([{ half: null }]);
  });

  it('is unavailable when the database is away', async () => {
    const gone = migrate({ url: 'postgres://x:y@127.0.0.1:1/z', schema: 'shop', service: 'shop', migrations: FIRST });
    await expect(gone).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
