import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aDelivery, deliveryStoreConformance, secretStoreConformance } from '@millrace/notifications/testing';
import type pg from 'pg';
import { migrate, serviceRoles } from '../migrate/migrate.js';
import { actAsTenant } from '../pool/act-as-tenant.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres } from '../server/index.js';
import { PostgresDeliveryStore, PostgresSecretStore, notificationMigrations } from './index.js';

const START_TIMEOUT_MS = 60_000;
let server: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let system: pg.Pool;
let request: pg.Pool;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({ url: server.url, schema: 'notifier', service: 'notifier', migrations: notificationMigrations });
  const roles = serviceRoles('notifier');
  system = createPool({ url: server.url, role: roles.system, applicationName: 'test' });
  request = createPool({ url: server.url, role: roles.request, applicationName: 'test', max: 1 });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([system?.end(), request?.end()]);
  await server?.stop();
}, START_TIMEOUT_MS);

async function emptied(): Promise<pg.Pool> {
  await system.query('DELETE FROM notifier.deliveries');
  await system.query('DELETE FROM notifier.secrets');
  return system;
}

deliveryStoreConformance('Postgres', async () => new PostgresDeliveryStore(await emptied()));
secretStoreConformance('Postgres', async () => new PostgresSecretStore(await emptied()));

describe('deliveries in Postgres', () => {
  it('are taken by exactly one of two takers', async () => {
    const store = new PostgresDeliveryStore(await emptied());
    await store.add(Array.from({ length: 50 }, (_, index) => aDelivery({ url: `https://e${index}.example/` })));
    const take = { limit: 50, perEndpoint: 10, holdMs: 1000 };
    const taken = await Promise.all([store.takeDue(1000, take), store.takeDue(1000, take), store.takeDue(1000, take)]);
    expect(new Set(taken.flat().map(({ id }) => id)).size).toBe(50);
    expect(taken.flat()).toHaveLength(50);
  });

  it('of another tenant are invisible to a request, even without a WHERE (P18)', async () => {
    const store = new PostgresDeliveryStore(await emptied());
    await store.add([aDelivery(), aDelivery({ tenantId: 'other' })]);
    const client = await request.connect();
    try {
      expect((await client.query('SELECT * FROM notifier.deliveries')).rows).toEqual([]);
      await client.query('BEGIN');
      await actAsTenant(client, 'acme');
      expect((await client.query('SELECT tenant_id FROM notifier.deliveries')).rows).toEqual([{ tenant_id: 'acme' }]);
      await client.query('ROLLBACK');
    } finally {
      client.release();
    }
  });
});
