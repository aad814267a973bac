import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { taskQueued } from '@millrace/contracts';
import { silentLogger, sleep, systemClock, systemIds, systemRng, type DurationMs } from '@millrace/kernel';
import { EventStamper, createConsumerRuntime, createPropagatingTracer } from '@millrace/messaging';
import { ACK, newEvent, type EventBus, type HandlerResult, type ReceivedEvent } from '@millrace/messaging/ports';
import type pg from 'pg';
import { delayedRetriesMigration } from '../migrate/delayed-retries-migration.js';
import { messagingMigration } from '../migrate/messaging-migration.js';
import { migrate } from '../migrate/migrate.js';
import { PostgresParkedEventStore } from '../parked/parked-event-store.postgres.js';
import { createPool } from '../pool/create-pool.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { createPostgresEventBus } from './event-bus.postgres.js';
import { BUS_ROLE, migrateBus } from './migrate-bus.js';

const START_MS = 60_000;
/** P6. */
const P99_MAX_MS: DurationMs = 1_000;
const TOPIC = 'task.lifecycle';
const KEYS = 40;
const EVENTS = 400;
const EVERY_MS: DurationMs = 10;
const POISON_EVERY = 20;
const POISON = systemIds.next();
let server: EmbeddedPostgres;
let pool: pg.Pool;
let bus: EventBus;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrateBus({ url: server.url });
  const migrations = [messagingMigration('demo'), delayedRetriesMigration('demo')];
  await migrate({ url: server.url, schema: 'demo', service: 'demo', migrations });
  pool = createPool({ url: server.url, role: 'millrace_demo_system', applicationName: 'spec' });
  bus = createPostgresEventBus({ url: server.url, role: BUS_ROLE, clock: systemClock });
  // One partition: every key shares it with the poison.
  const retentionMs = 3_600_000;
  await bus.ensureTopics([TOPIC, `${TOPIC}.dlq`].map((topic) => ({ topic, partitions: 1, retentionMs })));
}, START_MS);

afterAll(async () => {
  await bus.close();
  await pool.end();
  await server.stop();
});

function eventOf(taskId: string, sequence: number) {
  return newEvent(taskQueued, { ...taskQueued.fixture, taskId, sequence }, { tenantId: 'acme', sequence });
}

describe('the consumer runtime on the event log of Postgres', () => {
  it('P6: other keys wait under a second at the 99th percentile while one key makes its batches fail', async () => {
    const sentMs = new Map<string, DurationMs>();
    const delays: DurationMs[] = [];
    let poisonTries = 0;
    const nameOf = ({ key, sequence }: ReceivedEvent): string => `${key}/${sequence}`;
    const handle = async (batch: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> => {
      if (batch.some(({ key }) => key === POISON)) {
        poisonTries += 1;
        throw new Error('poison');
      }
      for (const event of batch) delays.push(systemClock.monotonicMs() - (sentMs.get(nameOf(event)) ?? Number.NaN));
      return batch.map(() => ACK);
    };
    const tracer = createPropagatingTracer(systemRng);
    const parked = new PostgresParkedEventStore({ pool, schema: 'demo' });
    const runtime = createConsumerRuntime({
      ...{ bus, parked, clock: systemClock, rng: systemRng, logger: silentLogger, tracer },
    });
    const consumer = await runtime.start({ group: 'demo.group', topics: [TOPIC], from: 'committed', handle });
    await consumer.ready;
    const stamper = new EventStamper({ clock: systemClock, ids: systemIds });
    const keys = Array.from({ length: KEYS }, () => systemIds.next());
    for (let n = 0; n < EVENTS; n++) {
      const [key = '', sequence] = [keys[n % KEYS], 1 + Math.floor(n / KEYS)];
      const poison = n % POISON_EVERY === 0 ? [eventOf(POISON, 1 + n / POISON_EVERY)] : [];
      sentMs.set(`${key}/${sequence}`, systemClock.monotonicMs());
      await bus.publish(stamper.stamp([...poison, eventOf(key, sequence)]));
      await sleep(systemClock, EVERY_MS);
    }
    while (delays.length < EVENTS) await sleep(systemClock, EVERY_MS);
    await consumer.stop();
    const p99Ms = delays.sort((a, b) => a - b)[Math.floor(EVENTS * 0.99)];
    process.stderr.write(`\nP6: ${JSON.stringify({ p99Ms: Math.round(p99Ms ?? 0), poisonTries, events: EVENTS })}\n`);
    expect(poisonTries).toBeGreaterThan(2);
    expect(p99Ms).toBeLessThan(P99_MAX_MS);
  }, 60_000);
});
