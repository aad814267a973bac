import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@millrace/messaging/ports';
import {
  ACME,
  UMBRELLA,
  aTaskId,
  aTaskRequest,
  deadLetterStoreConformance,
  intakeStoresConformance,
} from '@millrace/intake/testing';
import type pg from 'pg';
import { migrate, serviceRoles } from '../migrate/migrate.js';
import { actAsTenant } from '../pool/act-as-tenant.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { PostgresUnitOfWork } from '../unit-of-work/unit-of-work.postgres.js';
import {
  INTAKE_MIGRATIONS,
  INTAKE_SCHEMA,
  PostgresApiKeyStore,
  PostgresDeadLetterStore,
  PostgresTaskReader,
  createIntakeStores,
  createTenantStores,
} from './index.js';

const START_MS = 60_000;
const roles = serviceRoles('gateway');
const TABLES = ['tasks', 'task_events', 'idempotency', 'tenants', 'api_keys', 'dead_letters'];
let server: EmbeddedPostgres;
let admin: pg.Pool;
let system: pg.Pool;
let request: pg.Pool;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({ url: server.url, schema: INTAKE_SCHEMA, service: 'gateway', migrations: INTAKE_MIGRATIONS });
  admin = createPool({ url: server.url, applicationName: 'spec-admin' });
  system = createPool({ url: server.url, role: roles.system, applicationName: 'spec-system' });
  request = createPool({ url: server.url, role: roles.request, applicationName: 'spec-request' });
}, START_MS);

afterAll(async () => {
  await Promise.all([admin.end(), system.end(), request.end()]);
  await server.stop();
});

const transactions = {
  schema: INTAKE_SCHEMA,
  stamper: {
    stamp: (events: readonly NewEvent[]) =>
      events.map(() => ({ topic: 't', key: 'k', headers: {}, value: Buffer.from('{}') })),
  },
  dispatcher: { committed: async () => {} },
};

async function emptyStores() {
  await admin.query(`TRUNCATE ${TABLES.map((table) => `${INTAKE_SCHEMA}.${table}`).join(', ')}`);
  return {
    system: new PostgresUnitOfWork({ ...transactions, pool: system, stores: createIntakeStores }),
    request: new PostgresUnitOfWork({ ...transactions, pool: request, stores: createTenantStores }),
    reader: new PostgresTaskReader(request),
    keys: new PostgresApiKeyStore(system),
  };
}

intakeStoresConformance('Postgres', emptyStores);

deadLetterStoreConformance('Postgres', async () => {
  await admin.query(`TRUNCATE ${INTAKE_SCHEMA}.dead_letters`);
  return new PostgresDeadLetterStore(system);
});

it("P18: no tenant's request reaches the dead letters", async () => {
  await expect(request.query(`SELECT 1 FROM ${INTAKE_SCHEMA}.dead_letters`)).rejects.toThrow(/permission denied/);
});

describe('row-level security of the gateway schema (P18)', () => {
  async function asRequest<Row extends pg.QueryResultRow>(
    tenant: string | undefined,
    text: string,
  ): Promise<readonly Row[]> {
    const client = await request.connect();
    try {
      await client.query('BEGIN');
      if (tenant !== undefined) await actAsTenant(client, tenant);
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  beforeAll(async () => {
    const stores = await emptyStores();
    await stores.system.run(async ({ tasks }) => {
      await tasks.insert([aTaskRequest(1), aTaskRequest(2, { tenantId: UMBRELLA })]);
      const event = { sequence: 1, name: 'queued', at: 0, data: {} };
      await tasks.addEvents([
        { ...event, taskId: aTaskId(1), tenantId: ACME },
        { ...event, taskId: aTaskId(2), tenantId: UMBRELLA },
      ]);
    });
  });

  it.each(['tasks', 'task_events'])('without any WHERE a request sees its own tenant of %s only', async (table) => {
    const rows = await asRequest<{ tenant_id: string }>(ACME, `SELECT tenant_id FROM gateway.${table}`);
    expect(rows).toEqual([{ tenant_id: ACME }]);
  });

  it.each(['tasks', 'task_events'])('without a tenant a request sees nothing of %s', async (table) => {
    expect(await asRequest(undefined, `SELECT 1 FROM gateway.${table}`)).toEqual([]);
  });

  it('without any WHERE an update reaches the own tenant only, and can not hand a row over', async () => {
    const own = await asRequest(ACME, `UPDATE gateway.tasks SET reason = 'x' RETURNING tenant_id`);
    expect(own).toEqual([{ tenant_id: ACME }]);
    await expect(asRequest(ACME, `UPDATE gateway.tasks SET tenant_id = '${UMBRELLA}'`)).rejects.toThrow(
      /row-level security/,
    );
  });

  it.each(['tenants', 'api_keys', 'idempotency', 'inbox', 'parked_events', 'migrations'])(
    'a request can not read %s',
    async (table) => {
      await expect(asRequest(ACME, `SELECT 1 FROM gateway.${table}`)).rejects.toThrow(/permission denied/);
    },
  );

  it('a request can neither insert nor delete tasks, nor read events that wait in the outbox', async () => {
    await expect(asRequest(ACME, 'DELETE FROM gateway.tasks')).rejects.toThrow(/permission denied/);
    await expect(asRequest(ACME, 'INSERT INTO gateway.tasks DEFAULT VALUES')).rejects.toThrow(/permission denied/);
    await expect(asRequest(ACME, 'SELECT records FROM gateway.outbox')).rejects.toThrow(/permission denied/);
  });

  it('the tenant of one transaction is gone in the next one of the same connection', async () => {
    const client = await request.connect();
    try {
      await client.query('BEGIN');
      await actAsTenant(client, ACME);
      await client.query('COMMIT');
      expect((await client.query('SELECT 1 FROM gateway.tasks')).rows).toEqual([]);
    } finally {
      client.release();
    }
  });

  it('row-level security is forced on every table with a tenant that a request may touch', async () => {
    const text = `SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
      WHERE c.relnamespace = 'gateway'::regnamespace AND c.relkind = 'r' AND c.relname <> 'api_keys' ORDER BY 1`;
    const { rows } = await admin.query<{ name: string; forced: boolean }>(text);
    expect(rows).toEqual(
      ['dead_letters', 'idempotency', 'task_events', 'tasks'].map((name) => ({ name, forced: true })),
    );
  });
});
