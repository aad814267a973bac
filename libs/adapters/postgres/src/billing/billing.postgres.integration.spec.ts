import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkBooks, type Entry } from '@millrace/billing';
import type { BillingScope } from '@millrace/billing/ports';
import {
  aSegment,
  billingStoresConformance,
  billingUseCases,
  capacity,
  closed,
  createFakeBilling,
  ledgerDigest,
  randomHistory,
  shuffledWithDuplicates,
  TASK,
  usage,
  type BillingFact,
} from '@millrace/billing/testing';
import { seededRng, VirtualClock } from '@millrace/kernel';
import type { NewEvent, UnitOfWork } from '@millrace/messaging/ports';
import type pg from 'pg';
import { migrate, serviceRoles } from '../migrate/migrate.js';
import { actAsTenant } from '../pool/act-as-tenant.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres } from '../server/index.js';
import { PostgresUnitOfWork } from '../unit-of-work/unit-of-work.postgres.js';
import { billingMigrations, PostgresCostReader, postgresBillingStores } from './index.js';

const START_TIMEOUT_MS = 60_000;
const WRITERS = 8;
let server: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let admin: pg.Pool;
let system: pg.Pool;
let request: pg.Pool;
let emitted: NewEvent[];

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrate({ url: server.url, schema: 'billing', service: 'billing', migrations: billingMigrations });
  const roles = serviceRoles('billing');
  admin = createPool({ url: server.url, applicationName: 'test-admin' });
  system = createPool({ url: server.url, role: roles.system, applicationName: 'test', max: WRITERS });
  request = createPool({ url: server.url, role: roles.request, applicationName: 'test-request', max: 2 });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([admin?.end(), system?.end(), request?.end()]);
  await server?.stop();
}, START_TIMEOUT_MS);

/** The ledger's trigger refuses to be emptied: an administrator switches it off for that. */
async function emptied(): Promise<void> {
  emitted = [];
  await admin.query(`ALTER TABLE billing.postings DISABLE TRIGGER insert_only;
    TRUNCATE billing.postings, billing.charges, billing.instance_closings, billing.segment_statuses, billing.closures,
      billing.capacity_changes, billing.segments, billing.inbox, billing.outbox;
    ALTER TABLE billing.postings ENABLE TRIGGER insert_only`);
}

function unitOfWork(): UnitOfWork<BillingScope> {
  return new PostgresUnitOfWork({
    pool: system,
    schema: 'billing',
    stores: postgresBillingStores,
    stamper: {
      stamp: (events) => {
        emitted.push(...events);
        return events.map(() => ({ topic: 'billing.charged', key: '', headers: {}, value: new Uint8Array() }));
      },
    },
    dispatcher: { committed: async () => {} },
  });
}

async function readEntries(): Promise<readonly Entry[]> {
  const { rows } =
    await system.query(`SELECT entry_id AS "entryId", kind, subject, revision, rule_version AS "ruleVersion",
      coalesce(reverses::text, '') AS reverses, json_agg(json_build_array(account, amount::text, gpu_ms)) AS lines
    FROM billing.postings GROUP BY 1, 2, 3, 4, 5, 6`);
  return rows.map(
    ({ lines, reverses, ...entry }: Omit<Entry, 'lines'> & { lines: [string, string, number][] }) =>
      ({
        ...entry,
        reverses: reverses === '' ? undefined : reverses,
        lines: lines.map(([account, amount, gpuMs]) => ({ account, amount: BigInt(amount), gpuMs })),
      }) satisfies Entry,
  );
}

billingStoresConformance('Postgres', async () => {
  await emptied();
  return { unitOfWork: unitOfWork(), reader: new PostgresCostReader(request) };
});

/** Deals single facts out to writers that work at the same time, each fact in a transaction of its own. */
async function applyAtOnce(facts: readonly BillingFact[]): Promise<void> {
  const billing = billingUseCases(unitOfWork(), new VirtualClock());
  const queue = [...facts];
  const write = async (): Promise<void> => {
    for (let fact = queue.shift(); fact !== undefined; fact = queue.shift()) await billing.apply([fact]);
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

function histories(count: number, from: number): readonly BillingFact[] {
  return Array.from({ length: count }, (_, i) => randomHistory(seededRng(from + i), `pg${from + i}`).facts).flat();
}

describe('billing on Postgres', () => {
  it(`P10 P11: ${WRITERS} writers at once, in any order and with duplicates, keep the books of one writer in order`, async () => {
    await emptied();
    const facts = histories(12, 1);
    const inOrder = createFakeBilling();
    await inOrder.apply(facts);
    const want = ledgerDigest([...inOrder.state.entries.values()]);
    const shuffled = shuffledWithDuplicates(facts, seededRng(99));

    await applyAtOnce(shuffled);
    const entries = await readEntries();
    expect(ledgerDigest(entries)).toBe(want);
    const books = { ...inOrder.books(), entries };
    expect(checkBooks(books).filter(({ invariant }) => invariant !== 'I4')).toEqual([]);
    expect(emitted.map(({ data }) => (data as { taskId: string }).taskId).sort()).toEqual(
      [...inOrder.state.charges.keys()].sort(),
    );

    const again = (run: string) =>
      facts.map((fact) => ({ ...fact, event: { ...fact.event, id: `${fact.event.id}-${run}` } }) as BillingFact);
    await applyAtOnce(again('second'));
    await applyAtOnce(again('third'));
    expect(await readEntries()).toHaveLength(entries.length);
    expect(emitted).toHaveLength(inOrder.state.charges.size);
  }, 120_000);

  it('P2: the end and the last usage of a task in the same moment charge it once, whoever commits last', async () => {
    for (let round = 0; round < 20; round++) {
      await emptied();
      await applyAtOnce([
        capacity(),
        closed({ segmentCount: 3 }),
        ...[1, 2, 3].map((seq) => usage([aSegment({ seq, startMs: seq * 1_000, endMs: seq * 1_000 + 500 })])),
      ]);
      expect(emitted).toMatchObject([{ data: { taskId: TASK, billedGpuMs: 1_500 } }]);
    }
  }, 60_000);

  it.each([
    ['UPDATE billing.postings SET amount = 0', 'permission denied'],
    ['DELETE FROM billing.postings', 'permission denied'],
    ['TRUNCATE billing.postings', 'permission denied'],
    ['UPDATE billing.segments SET gpu_ms = 0', 'permission denied'],
    ['DELETE FROM billing.charges', 'permission denied'],
  ])('the ledger is insert-only for the service: %s', async (sql, want) => {
    await expect(system.query(sql)).rejects.toThrow(want);
  });

  it('the ledger is insert-only for its owner as well', async () => {
    await emptied();
    await applyAtOnce([capacity(), usage([aSegment()])]);
    await expect(admin.query('UPDATE billing.postings SET amount = 0')).rejects.toThrow('insert-only');
    await expect(admin.query('DELETE FROM billing.postings')).rejects.toThrow('insert-only');
    await expect(admin.query('TRUNCATE billing.postings')).rejects.toThrow('insert-only');
  });

  it('P18: a request sees rows of its tenant only, without any WHERE, and writes none', async () => {
    await emptied();
    await applyAtOnce([
      capacity(),
      usage([aSegment(), aSegment({ seq: 2, tenantId: 'globex', startMs: 10_000 })]),
      closed(),
    ]);
    const client = await request.connect();
    try {
      for (const table of ['segments', 'closures', 'postings', 'charges', 'segment_statuses']) {
        await client.query('BEGIN');
        expect((await client.query(`SELECT * FROM billing.${table}`)).rows).toEqual([]);
        await actAsTenant(client, 'acme');
        const { rows } = await client.query(`SELECT count(*)::int AS count FROM billing.${table}`);
        expect(rows[0].count).toBeGreaterThan(0);
        const foreign = table === 'segment_statuses' ? 'false' : `tenant_id <> 'acme'`;
        expect((await client.query(`SELECT * FROM billing.${table} WHERE ${foreign}`)).rows).toEqual([]);
        await expect(client.query(`DELETE FROM billing.${table}`)).rejects.toThrow('permission denied');
        await client.query('ROLLBACK');
      }
      await expect(client.query('SELECT * FROM billing.capacity_changes')).rejects.toThrow('permission denied');
      expect((await admin.query('SELECT * FROM billing.segment_statuses')).rows).toHaveLength(2);
    } finally {
      client.release();
    }
  });
});
