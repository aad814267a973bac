import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger, sleep, systemClock } from '@millrace/kernel';
import type { BusSubscription, EventBus, IncomingRecord, RecordSink, TopicPartition } from '@millrace/messaging/ports';
import { describeWithServer, eventually, startKafka, type KafkaCluster } from '@millrace/test-kit';
import { createKafkaEventBus } from './index.js';

const TOPIC = 'task.requested';
const FAST_SINK_RECORDS = 20_000;
const TIMEOUT_MS = 90_000;
/** A client that lost its broker tries again every 2 s at most: these fall before, into and after a try. */
const LEAVING_DELAYS_MS = [0, 700, 1_400, 2_100, 2_800, 3_500, 4_200, 4_900];

class Collector implements RecordSink {
  readonly records: IncomingRecord[] = [];
  owned: readonly TopicPartition[] = [];
  /** Called in `revoked` and after each delivery. */
  onRevoked: () => Promise<void> = async () => {};
  onReceived: () => void = () => {};

  assigned(partitions: readonly TopicPartition[]): void {
    this.owned = partitions;
  }
  async revoked(): Promise<void> {
    await this.onRevoked();
    this.owned = [];
  }
  received(records: readonly IncomingRecord[]): void {
    this.records.push(...records);
    this.onReceived();
  }
  texts(): string[] {
    return this.records.map(({ value }) => Buffer.from(value).toString());
  }
}

const publish = (bus: EventBus, texts: readonly string[], key = 'k', topic = TOPIC): Promise<void> =>
  bus.publish(texts.map((text) => ({ topic, key, headers: {}, value: Buffer.from(text) })));

async function join(bus: EventBus, group: string, sink: Collector, from: 'committed' | 'end' = 'committed') {
  const subscription: BusSubscription = await bus.subscribe({ group, topics: [TOPIC], from }, sink);
  await subscription.ready;
  return subscription;
}

await describeWithServer('kafka', 'Kafka event bus and faults', () => {
  let cluster: KafkaCluster;
  let bus: EventBus;
  beforeAll(async () => {
    // A broker of its own: these tests kill it.
    cluster = await startKafka();
    bus = createKafkaEventBus({
      brokers: cluster.brokers,
      clientId: 'faults',
      clock: systemClock,
      logger: silentLogger,
    });
    await bus.ensureTopics([{ topic: TOPIC, partitions: 2, retentionMs: 3_600_000 }]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await bus?.close();
    await cluster?.stop();
  }, TIMEOUT_MS);

  describe('rebalancing', () => {
    it(
      'lets a sink commit while its partitions are taken, so that nothing is delivered twice',
      async () => {
        const first = new Collector();
        const second = new Collector();
        const member = await join(bus, 'orderly', first);
        first.onRevoked = () => member.commit(endsOf(first.records));
        await publish(bus, ['1', '2', '3']);
        await eventually(() => expect(first.records).toHaveLength(3));
        const newcomer = await join(bus, 'orderly', second);
        await eventually(() => expect([...first.owned, ...second.owned]).toHaveLength(2));
        await member.close();
        await eventually(() => expect(second.owned).toHaveLength(2), { timeoutMs: 20_000 });
        await publish(bus, ['4']);
        await eventually(() => expect(second.texts()).toContain('4'));
        expect(second.texts()).toEqual(['4']);
        await newcomer.close();
      },
      TIMEOUT_MS,
    );
  });

  describe('back-pressure', () => {
    it(
      'brings 20,000 records in order through a sink that pauses after each delivery',
      async () => {
        const sink = new Collector();
        const subscription = await join(bus, 'pausing', sink, 'end');
        sink.onReceived = () => {
          subscription.pause(sink.owned);
          setImmediate(() => subscription.resume(sink.owned));
        };
        const texts = Array.from({ length: FAST_SINK_RECORDS }, (_, i) => String(i));
        await publish(bus, texts, 'one-key');
        await eventually(() => expect(sink.records).toHaveLength(FAST_SINK_RECORDS), { timeoutMs: 30_000 });
        expect(sink.texts()).toEqual(texts);
        await subscription.close();
      },
      TIMEOUT_MS,
    );
  });

  describe('a broker that goes away', () => {
    it(
      'says unavailable, and goes on by itself when the broker is back: no acknowledged record is lost',
      async () => {
        const committed = new Collector();
        const tail = new Collector();
        const survivor = await join(bus, 'survivors', committed);
        await join(bus, 'survivors-tail', tail, 'end');
        await publish(bus, ['before']);
        await eventually(() => expect(committed.texts()).toContain('before'));
        await cluster.nodes[0]?.kill();
        await expect(bus.ping()).rejects.toMatchObject({ kind: 'unavailable' });
        await expect(survivor.commit(endsOf(committed.records))).rejects.toMatchObject({ kind: 'unavailable' });
        const meanwhile = publish(bus, ['meanwhile']).then(
          () => ['meanwhile'],
          (error: unknown) => {
            expect(error).toMatchObject({ kind: 'unavailable', retriable: true });
            return [];
          },
        );
        await cluster.nodes[0]?.start();
        const acknowledged = ['before', ...(await meanwhile), 'after'];
        await eventually(() => publish(bus, ['after']), { timeoutMs: 30_000 });
        await eventually(() => expect(committed.texts()).toEqual(expect.arrayContaining(acknowledged)), {
          timeoutMs: 30_000,
        });
        await eventually(() => expect(tail.texts()).toEqual(expect.arrayContaining(acknowledged)), {
          timeoutMs: 30_000,
        });
        await eventually(() => survivor.commit(endsOf(committed.records)), { timeoutMs: 30_000 });
        await expect(bus.ping()).resolves.toBeUndefined();
      },
      TIMEOUT_MS,
    );
  });

  describe('a member that is closed while the broker is away', () => {
    it(
      'does not come back with the broker, to hold partitions for nobody',
      async () => {
        const groups = LEAVING_DELAYS_MS.map((_, index) => `leaver-${index}`);
        const leavers = await Promise.all(groups.map((group) => join(bus, group, new Collector())));
        await cluster.nodes[0]?.kill();
        await expect(bus.ping()).rejects.toMatchObject({ kind: 'unavailable' });
        const leaving = leavers.map(async (leaver, index) => {
          await sleep(systemClock, LEAVING_DELAYS_MS[index] ?? 0);
          await leaver.close().catch(() => {});
        });
        await sleep(systemClock, Math.max(...LEAVING_DELAYS_MS) / 2);
        await cluster.nodes[0]?.start();
        await Promise.all(leaving);
        const followers = groups.map(() => new Collector());
        await Promise.all(groups.map((group, index) => join(bus, group, followers[index] ?? new Collector())));
        const texts = Array.from({ length: 20 }, (_, index) => `late-${index}`);
        await eventually(() => Promise.all(texts.map((text) => publish(bus, [text], text))), { timeoutMs: 30_000 });
        for (const follower of followers) {
          await eventually(() => expect(follower.texts()).toEqual(expect.arrayContaining(texts)), {
            timeoutMs: 30_000,
            intervalMs: 250,
          });
        }
      },
      2 * TIMEOUT_MS,
    );
  });

  describe('one of three brokers that dies', () => {
    it(
      'loses no acknowledged record, and consumers and positions go on with the new leaders',
      async () => {
        const three = await startKafka({ brokers: 3 });
        const clientId = 'three';
        const bus3 = createKafkaEventBus({
          brokers: three.brokers,
          clientId,
          clock: systemClock,
          logger: silentLogger,
        });
        try {
          await bus3.ensureTopics([{ topic: TOPIC, partitions: 6, retentionMs: 3_600_000 }]);
          const sink = new Collector();
          const subscription = await join(bus3, 'three', sink);
          const acknowledged: string[] = [];
          for (let round = 0; round < 30; round++) {
            if (round === 10) await three.nodes[0]?.kill();
            const texts = Array.from({ length: 20 }, (_, i) => `${round}-${i}`);
            await eventually(() => Promise.all(texts.map((text) => publish(bus3, [text], text))), {
              timeoutMs: 30_000,
            });
            acknowledged.push(...texts);
          }
          const missing = (): string[] => acknowledged.filter((text) => !new Set(sink.texts()).has(text));
          await eventually(() => expect(missing()).toEqual([]), { timeoutMs: 30_000, intervalMs: 250 });
          // Refused while the member joins its new coordinator, never dropped in silence.
          await eventually(() => subscription.commit(endsOf(sink.records)), { timeoutMs: 30_000, intervalMs: 250 });
          // The group's new coordinator reads the positions in before it tells them: until then none is known.
          await eventually(async () => expect(await subscription.lag()).toBe(0), { timeoutMs: 30_000 });
        } finally {
          await bus3.close();
          await three.stop();
        }
      },
      2 * TIMEOUT_MS,
    );
  });
});

function endsOf(records: readonly IncomingRecord[]) {
  const last = new Map(records.map((record) => [record.partition, record]));
  return [...last.values()].map(({ topic, partition, offset }) => ({ topic, partition, nextOffset: offset + 1n }));
}
