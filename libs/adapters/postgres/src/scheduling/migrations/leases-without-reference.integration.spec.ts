import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type pg from 'pg';
import { aTask, idOf } from '@millrace/scheduling/testing';
import { migrate } from '../../migrate/migrate.js';
import { createPool } from '../../pool/create-pool.js';
import { startTemporaryPostgres } from '../../server/index.js';
import { SCHEDULING_MIGRATIONS, SCHEDULING_SCHEMA, createSchedulingStores } from '../index.js';
import { LeasesWithoutReference1760000015000 } from './leases-without-reference.js';

const START_TIMEOUT_MS = 60_000;
let server: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let pool: pg.Pool;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  pool = createPool({ url: server.url, applicationName: 'spec' });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await pool?.end();
  await server?.stop();
}, START_TIMEOUT_MS);

it('keeps the leases of the release before, and the promise of one live lease per task', async () => {
  const where = { url: server.url, schema: SCHEDULING_SCHEMA, service: SCHEDULING_SCHEMA };
  const before = SCHEDULING_MIGRATIONS.filter((migration) => migration !== LeasesWithoutReference1760000015000);
  await migrate({ ...where, migrations: before });
  const client = await pool.connect();
  const { tasks, leases } = createSchedulingStores(client);
  const lease = { taskId: aTask().id, attempt: 1, epoch: 1, workerId: 'worker-1', incarnation: idOf(0xa1) };
  await expect(leases.grant([lease])).rejects.toThrow('foreign key');
  await tasks.insert([aTask()]);
  await leases.grant([lease]);
  await migrate({ ...where, migrations: SCHEDULING_MIGRATIONS });
  expect(await leases.all()).toEqual([lease]);
  await expect(leases.grant([{ ...lease, epoch: 2 }])).rejects.toThrow('leases_pkey');
  client.release();
});
