import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { systemClock } from '@millrace/kernel';
import type { EventBus, IncomingRecord, RecordSink, TopicPartition } from '@millrace/messaging/ports';
import { eventBusConformance } from '@millrace/messaging/testing';
import { killHard, startChild } from '../../test/start-child.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import type { BusLimits } from './bus-limits.js';
import { createPostgresEventBus } from './event-bus.postgres.js';
import { BUS_ROLE, createBusLogin, migrateBus } from './migrate-bus.js';

const START_MS = 60_000;
const HOUR_MS = 3_600_000;
let server: EmbeddedPostgres;
let admin: pg.Pool;
const open: EventBus[] = [];

beforeAll(async () => {
  server = await startTemporaryPostgres();
  await migrateBus({ url: server.url });
  admin = new pg.Pool({ connectionString: server.url, max: 2 });
  admin.on('error', () => {});
}, START_MS);

afterAll(async () => {
  await Promise.all(open.map((bus) => bus.close()));
  await admin.end();
  await server.stop();
});

function makeBus(limits: Partial<BusLimits> = {}): EventBus {
  const bus = createPostgresEventBus({ url: server.url, role: BUS_ROLE, clock: systemClock, limits });
  open.push(bus);
  return bus;
}

eventBusConformance('Postgres event log', async () => {
  const bus = makeBus();
  return { bus, close: () => bus.close() };
});

/** Collects what it is given and lets a test wait for it. */
class Collector implements RecordSink {
  readonly records: IncomingRecord[] = [];
  readonly owned = new Set<number>();
  private wake = (): void => {};

  assigned(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.owned.add(partition);
    this.wake();
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { partition } of partitions) this.owned.delete(partition);
    this.wake();
  }

  received(records: readonly IncomingRecord[]): void {
    this.records.push(...records);
    this.wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

function text(topic: string, key: string, value: string) {
  return { topic, key, headers: {}, value: new TextEncoder().encode(value) };
}

async function subscribed(bus: EventBus, topic: string, group: string, from: 'committed' | 'end' = 'committed') {
  const sink = new Collector();
  const subscription = await bus.subscribe({ group, topics: [topic], from }, sink);
  await subscription.ready;
  return { sink, subscription };
}

describe('the event log on Postgres', () => {
  it(
    'misses nothing with many writers in several buses, and every reader sees the same order',
    async () => {
      const [reading, ...writers] = [makeBus(), makeBus(), makeBus(), makeBus()];
      const topic = 'many.writers';
      await reading.ensureTopics([{ topic, partitions: 4, retentionMs: HOUR_MS }]);
      const one = await subscribed(reading, topic, 'one');
      const two = await subscribed(reading, topic, 'two', 'end');
      const batches = Array.from({ length: 150 }, (_, batch) =>
        (writers[batch % 3] ?? reading).publish(
          Array.from({ length: 8 }, (_, n) => text(topic, `${(batch * 7 + n) % 23}`, `${batch}/${n}`)),
        ),
      );
      await Promise.all(batches);
      for (const { sink } of [one, two]) await sink.until(() => sink.records.length >= 1_200);
      const order = (sink: Collector) =>
        sink.records.map((record) => `${record.partition}/${record.offset}`).toSorted();
      expect(new Set(order(one.sink)).size).toBe(1_200);
      expect(order(two.sink)).toEqual(order(one.sink));
      for (const partition of [0, 1, 2, 3]) {
        const offsets = one.sink.records.filter((r) => r.partition === partition).map(({ offset }) => Number(offset));
        expect(offsets).toEqual(offsets.map((_, index) => index));
      }
    },
    START_MS,
  );

  it(
    'gives the partitions of a killed process to the others at once, without waiting for its session to end',
    async () => {
      const bus = makeBus();
      const topic = 'killed.process';
      await bus.ensureTopics([{ topic, partitions: 4, retentionMs: HOUR_MS }]);
      const { child, firstLine } = await startChild('join-group.ts', [server.url, topic, 'shared']);
      expect(JSON.parse(firstLine)).toEqual([0, 1, 2, 3]);
      await killHard(child);
      const startedMs = systemClock.monotonicMs();
      const { sink } = await subscribed(bus, topic, 'shared');
      expect([...sink.owned].sort()).toEqual([0, 1, 2, 3]);
      expect(systemClock.monotonicMs() - startedMs).toBeLessThan(5_000);
    },
    START_MS,
  );

  it(
    'P22: reads on after the database dropped every connection, and members come back',
    async () => {
      const bus = makeBus({ heartbeatMs: 200, pollMs: 200 });
      const topic = 'dropped.connections';
      await bus.ensureTopics([{ topic, partitions: 2, retentionMs: HOUR_MS }]);
      const { sink, subscription } = await subscribed(bus, topic, 'dropped');
      await bus.publish([text(topic, 'a', 'before')]);
      await sink.until(() => sink.records.length === 1);
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace-bus'`,
      );
      await publishUntilTaken(bus, topic);
      await sink.until(() => sink.records.some((record) => new TextDecoder().decode(record.value) === 'after'));
      await subscription.close();
    },
    START_MS,
  );

  it('refuses the commit of a member that was taken for dead, and lets it join again', async () => {
    const bus = makeBus({ heartbeatMs: 200 });
    const topic = 'taken.for.dead';
    await bus.ensureTopics([{ topic, partitions: 1, retentionMs: HOUR_MS }]);
    const { sink, subscription } = await subscribed(bus, topic, 'dead');
    await admin.query(`UPDATE bus.group_partitions SET owner = NULL, target = NULL WHERE group_name = 'dead'`);
    await admin.query(`DELETE FROM bus.members WHERE group_name = 'dead'`);
    await expect(subscription.commit([{ topic, partition: 0, nextOffset: 1n }])).rejects.toMatchObject({
      code: 'partition_not_owned',
    });
    await sink.until(() => sink.owned.size === 0);
    await sink.until(() => sink.owned.size === 1);
    await expect(subscription.commit([{ topic, partition: 0, nextOffset: 1n }])).resolves.toBeUndefined();
  });

  it('takes up again what it owns by the table and does not read, as after a lost answer', async () => {
    const bus = makeBus({ heartbeatMs: 200 });
    const topic = 'lost.answer';
    await bus.ensureTopics([{ topic, partitions: 1, retentionMs: HOUR_MS }]);
    const { sink } = await subscribed(bus, topic, 'adrift');
    // The member vanishes, but the table goes on to name it as the owner.
    await admin.query(`DELETE FROM bus.members WHERE group_name = 'adrift'`);
    await sink.until(() => sink.owned.size === 0);
    await sink.until(() => sink.owned.size === 1);
    await bus.publish([text(topic, 'a', 'hello')]);
    await sink.until(() => sink.records.length === 1);
  });

  it('removes what is older than the retention, in sweeps, and goes on from there', async () => {
    const bus = makeBus({ sweepMs: 50 });
    const topic = 'short.lived';
    await bus.ensureTopics([{ topic, partitions: 1, retentionMs: HOUR_MS }]);
    await bus.publish([text(topic, 'a', 'old'), text(topic, 'a', 'new')]);
    await admin.query(
      `UPDATE bus.records SET appended_at = appended_at - interval '2 hours' WHERE value = 'old'::bytea`,
    );
    await untilGone(`SELECT FROM bus.records WHERE value = 'old'::bytea`);
    const { sink } = await subscribed(bus, topic, 'late');
    await sink.until(() => sink.records.length === 1);
    expect(sink.records[0]?.offset).toBe(1n);
  });

  it('a refused record does not fail what others publish at the same moment', async () => {
    const bus = makeBus();
    const topic = 'refused';
    await bus.ensureTopics([{ topic, partitions: 1, retentionMs: HOUR_MS }]);
    await bus.publish([text(topic, 'a', 'warm')]);
    await admin.query(`ALTER TABLE bus.records ADD CONSTRAINT no_poison CHECK (value <> 'poison'::bytea) NOT VALID`);
    const results = await Promise.allSettled(
      ['first', 'good', 'poison', 'fine'].map((value) => bus.publish([text(topic, 'a', value)])),
    );
    await admin.query('ALTER TABLE bus.records DROP CONSTRAINT no_poison');
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  it('SEC: the worker login reaches schema bus and nothing else', async () => {
    await admin.query('CREATE SCHEMA secret CREATE TABLE secret.thing (id int)');
    const url = await createBusLogin({ url: server.url });
    const worker = createPostgresEventBus({ url, clock: systemClock });
    open.push(worker);
    await worker.ensureTopics([{ topic: 'from.worker', partitions: 1, retentionMs: HOUR_MS }]);
    await worker.publish([text('from.worker', 'a', 'hello')]);
    const { sink } = await subscribed(worker, 'from.worker', 'worker');
    await sink.until(() => sink.records.length === 1);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await expect(client.query('SELECT * FROM secret.thing')).rejects.toThrow('permission denied');
    await expect(client.query('SET ROLE millrace')).rejects.toThrow('permission denied');
    await client.end();
  });
});

async function publishUntilTaken(bus: EventBus, topic: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const taken = await bus.publish([text(topic, 'a', 'after')]).then(
      () => true,
      () => false,
    );
    if (taken) return;
  }
  throw new Error('the bus never took a record again');
}

async function untilGone(query: string): Promise<void> {
  for (let attempt = 0; attempt < 5_000; attempt++) {
    if ((await admin.query(query)).rowCount === 0) return;
  }
  throw new Error(`still there: ${query}`);
}
