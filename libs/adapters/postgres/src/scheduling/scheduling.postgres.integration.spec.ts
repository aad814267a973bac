import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@millrace/kernel';
import {
  aTask,
  aWorker,
  idOf,
  leaderStoreConformance,
  schedulingStoresConformance,
  taskIdOf,
  type StoresUnderTest,
} from '@millrace/scheduling/testing';
import type pg from 'pg';
import { migrate, serviceRoles } from '../migrate/migrate.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres } from '../server/index.js';
import { PostgresUnitOfWork } from '../unit-of-work/unit-of-work.postgres.js';
import {
  PostgresLeaderStore,
  PostgresWorkerStore,
  SCHEDULING_MIGRATIONS,
  SCHEDULING_SCHEMA,
  createSchedulingStores,
} from './index.js';
import { PostgresTaskStore } from './task-store.postgres.js';

const START_TIMEOUT_MS = 60_000;
let server: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let system: pg.Pool;
let request: pg.Pool;
let stores: StoresUnderTest;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  const service = 'scheduler';
  await migrate({ url: server.url, schema: SCHEDULING_SCHEMA, service, migrations: SCHEDULING_MIGRATIONS });
  const roles = serviceRoles(service);
  system = createPool({ url: server.url, role: roles.system, applicationName: 'spec' });
  request = createPool({ url: server.url, role: roles.request, applicationName: 'spec-request', max: 1 });
  const unitOfWork = new PostgresUnitOfWork({
    pool: system,
    schema: SCHEDULING_SCHEMA,
    stores: createSchedulingStores,
    stamper: { stamp: () => [] },
    dispatcher: { committed: async () => {} },
  });
  stores = { run: (work) => unitOfWork.run(work), clear };
}, START_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([system?.end(), request?.end()]);
  await server?.stop();
}, START_TIMEOUT_MS);

async function clear(): Promise<void> {
  for (const table of ['leases', 'tasks', 'tombstones', 'workers', 'leader', 'run_lengths', 'served']) {
    await system.query(`DELETE FROM ${SCHEDULING_SCHEMA}.${table}`);
  }
}

schedulingStoresConformance('Postgres', async () => stores);

leaderStoreConformance('Postgres', async () => ({
  store: new PostgresLeaderStore(system),
  stores,
  elapse: async (durationMs) => void (await system.query('SELECT pg_sleep($1)', [durationMs / 1_000])),
}));

describe('scheduling in Postgres', () => {
  beforeEach(() => clear());

  it('of many who want to lead, one does', async () => {
    const store = new PostgresLeaderStore(system);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => store.acquire(`holder-${n}`, 10_000)));
    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
  });

  it('a new leader waits for a write of the old one, which then is the last', async () => {
    const store = new PostgresLeaderStore(system);
    const old = await store.acquire('a', 1);
    if (old === undefined) throw new Error('nobody else leads');
    await system.query('SELECT pg_sleep(0.01)');
    const order: string[] = [];
    let takeOver: Promise<unknown> = Promise.resolve();
    await stores.run(async ({ leader, tasks }) => {
      await leader.confirm(old);
      takeOver = store.acquire('b', 10_000).then(() => order.push('taken over'));
      await system.query('SELECT pg_sleep(0.05)');
      await tasks.insert([aTask()]);
      order.push('written');
    });
    await takeOver;
    expect(order).toEqual(['written', 'taken over']);
    await expect(stores.run(({ leader }) => leader.confirm(old))).rejects.toMatchObject({ code: 'not_leader' });
  });

  it('P18: a request sees workers, and no task, tombstone or leader row, and writes nothing', async () => {
    await stores.run(async ({ tasks, workers }) => {
      await tasks.insert([aTask({ tenantId: 'other' as TenantId })]);
      await workers.add([aWorker()]);
    });
    expect(await new PostgresWorkerStore(request).recent(0, 10)).toHaveLength(1);
    for (const table of ['tasks', 'tombstones', 'leader', 'run_lengths', 'served']) {
      const read = request.query(`SELECT * FROM ${SCHEDULING_SCHEMA}.${table}`);
      await expect(read).rejects.toMatchObject({ code: '42501' });
    }
    await expect(request.query(`UPDATE ${SCHEDULING_SCHEMA}.workers SET slots = 99`)).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('shows the heads of two lanes among 20,000 waiting tasks by index, without reading the rest', async () => {
    await system.query(`INSERT INTO ${SCHEDULING_SCHEMA}.tasks SELECT gen_random_uuid(), 'acme', 'default',
      'type-' || n % 2, 0, '{}', 1, 0, 3, NULL, '{}', now() - n * interval '1 ms', NULL, 'queued', NULL, 1, 0, 0, 0,
      false, NULL, '[]', NULL, NULL, NULL, NULL FROM generate_series(1, 20000) n`);
    const client = await system.connect();
    try {
      const before = await rowsRead(client);
      expect(
        await new PostgresTaskStore(client).pending({ perTenant: 64, groupsMax: 4_096, rowsMax: 16_384 }),
      ).toHaveLength(128);
      const read = (await rowsRead(client)) - before;
      expect(read).toBeGreaterThanOrEqual(128);
      expect(read).toBeLessThan(1_000);
    } finally {
      client.release();
    }
  });

  it('one statement takes a batch of 500 tasks', async () => {
    const tasks = Array.from({ length: 500 }, (_, n) => aTask({ id: taskIdOf(n + 1) }));
    const added = await stores.run((scope) => scope.tasks.insert(tasks));
    expect(added.size).toBe(500);
    const loaded = await stores.run((scope) => scope.tasks.load(tasks.map(({ id }) => id)));
    expect(loaded.map(({ id }) => id).toSorted()).toEqual(tasks.map(({ id }) => id));
    expect(idOf(500)).toBe(tasks.at(-1)?.id);
  });
});

/** Rows that scans of the task table and its indexes gave this connection's server so far, this connection's included. */
async function rowsRead(client: pg.PoolClient): Promise<number> {
  await client.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await client.query<{ read: string }>(
    `SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes
       WHERE schemaname = $1 AND relname = 'tasks') AS read
     FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'tasks'`,
    [SCHEDULING_SCHEMA],
  );
  return Number(rows[0]?.read ?? 0);
}
