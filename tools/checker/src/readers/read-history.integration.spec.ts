import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, migrate } from '@millrace/adapter-postgres';
import { BILLING_SCHEMA, billingMigrations } from '@millrace/adapter-postgres/billing';
import { createPostgresEventBus, migrateBus } from '@millrace/adapter-postgres/bus';
import { INTAKE_MIGRATIONS } from '@millrace/adapter-postgres/intake';
import { notificationMigrations } from '@millrace/adapter-postgres/notifications';
import { SCHEDULING_MIGRATIONS } from '@millrace/adapter-postgres/scheduling';
import { startTemporaryPostgres } from '@millrace/adapter-postgres/server';
import { TOPIC_NAMES, deadLetterTopic } from '@millrace/contracts';
import { silentLogger, systemClock } from '@millrace/kernel';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import { checkHistory } from '../check-history.js';
import type { History, RecordedEvent } from '../history.js';
import { SEGMENT, TASK, aHistory } from '../testing/a-history.js';
import { readHistory } from './read-history.js';

const START_TIMEOUT_MS = 60_000;
let server: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let told: History;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  const { url } = server;
  const schemas = [
    { service: 'gateway', migrations: INTAKE_MIGRATIONS },
    { service: 'scheduler', migrations: SCHEDULING_MIGRATIONS },
    { service: BILLING_SCHEMA, migrations: billingMigrations },
    { service: 'notifier', migrations: notificationMigrations },
  ];
  for (const { service, migrations } of schemas) await migrate({ url, schema: service, service, migrations });
  await migrateBus({ url, logger: silentLogger });
  told = aHistory({ applications: [] });
  await publish(url, told.records);
  await fillTables(url);
}, START_TIMEOUT_MS);

afterAll(() => server?.stop(), START_TIMEOUT_MS);

describe('readHistory', () => {
  it('finds in topics and tables what was left there, each record once', async () => {
    const history = await read();
    expect(history.records.map(({ id }) => id).sort()).toEqual(told.records.map(({ id }) => id).sort());
    expect(history.schedulerTasks).toEqual(told.schedulerTasks);
    expect(history.books.segments).toEqual(told.books.segments);
    expect(history.books.entries).toEqual(told.books.entries);
    expect(history.leftovers).toEqual({
      leases: [],
      outbox: { gateway: 0, scheduler: 0, billing: 0, notifier: 0 },
      deadLetters: 0,
      parked: 0,
    });
  });

  it('gives the checker nothing to complain about where nothing is wrong, and a violation where something is', async () => {
    expect(checkHistory(await read())).toEqual([]);
    const admin = createPool({ url: server.url, applicationName: 'test', max: 1 });
    await admin.query(`UPDATE gateway.tasks SET state = 'failed' WHERE id = $1`, [TASK]);
    await admin.end();
    expect(checkHistory(await read()).map(({ assertion }) => assertion)).toEqual(['one terminal state']);
  });
});

function read(): Promise<History> {
  const { submissions, cancellations, observations, receipts, deadEndpoints } = told;
  return readHistory({
    databaseUrl: server.url,
    bus: { databaseUrl: server.url },
    clients: { submissions, cancellations, observations, receipts, deadEndpoints },
  });
}

async function publish(url: string, records: readonly RecordedEvent[]): Promise<void> {
  const bus = createPostgresEventBus({ url, clock: systemClock });
  const topics = TOPIC_NAMES.flatMap((topic) => [topic, deadLetterTopic(topic)]);
  await bus.ensureTopics(topics.map((topic) => ({ topic, partitions: 2, retentionMs: 3_600_000 })));
  await bus.publish(records.map(toRecord));
  await bus.close();
}

function toRecord(event: RecordedEvent): OutgoingRecord {
  const headers = {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_time: event.time,
    ...(event.subject === undefined ? {} : { ce_subject: event.subject }),
    ...(event.tenantId === undefined ? {} : { tenantid: event.tenantId }),
    ...(event.sequence === undefined ? {} : { sequence: String(event.sequence) }),
    ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
  };
  return { topic: event.topic, key: event.key, headers, value: Buffer.from(JSON.stringify(event.data)) };
}

async function fillTables(url: string): Promise<void> {
  const admin = createPool({ url, applicationName: 'test', max: 1 });
  await admin.query(
    `INSERT INTO scheduler.tasks (id, tenant_id, cost_centre, task_type, priority, work, needs_gpus, needs_vram_mib,
       max_retries, metadata, requested_at, state, sequence, epoch, failure_retries, lost_deliveries, cancel_requested,
       attempts)
     VALUES ($1, 'acme', 'default', 'ti2v-5B', 0, '{}', 1, 0, 3, '{}', now(), 'completed', 4, 1, 0, 0, false, '[]')`,
    [TASK],
  );
  await admin.query(
    `INSERT INTO gateway.tasks (id, tenant_id, task_type, created_at, request, state, sequence, updated_at, attempts)
     VALUES ($1, 'acme', 'ti2v-5B', now(), '{}', 'completed', 4, now(), '[]')`,
    [TASK],
  );
  await admin.query(
    `INSERT INTO billing.segments (segment_id, instance_id, gpu, kind, tenant_id, task_id, cost_centre, attempt, epoch,
       seq, start_ms, end_ms, gpu_ms, share_ppm)
     VALUES ($1, 'instance-1', 0, 'run', 'acme', $2, 'default', 1, 1, 1, 0, 12960, 12960, 1000000)`,
    [SEGMENT, TASK],
  );
  await admin.query(
    `INSERT INTO billing.charges (task_id, tenant_id, sequence, cost, gpu_ms, billed_gpu_ms, price_per_gpu_hour, charged_at)
     VALUES ($1, 'acme', 4, 3600000, 12960, 12960, 1000000000, now())`,
    [TASK],
  );
  for (const { entryId, kind, lines } of told.books.entries) {
    for (const [index, { account, amount, gpuMs }] of lines.entries()) {
      await admin.query(
        `INSERT INTO billing.postings (entry_id, line, kind, subject, revision, rule_version, account, amount, gpu_ms,
           instance_id, gpu, posted_at)
         VALUES ($1, $2, $3, $4, 1, 1, $5, $6, $7, 'instance-1', 0, now())`,
        [entryId, index, kind, SEGMENT, account, String(amount), gpuMs],
      );
    }
  }
  await admin.end();
}
