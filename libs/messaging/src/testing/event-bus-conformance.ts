import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DurationMs } from '@millrace/kernel';
import type { EventBus, IncomingRecord } from '../ports/event-bus.port.js';
import {
  BusWorld,
  RETENTION_MS,
  distinct,
  endPositions,
  expectNoGaps,
  expectOrderedKeys,
  numbered,
} from './bus-world.js';
import { RecordingSink, textOf, type Delivery } from './recording-sink.js';

const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9', 'k10', 'k11'];

/** One record of each key. */
const ofEachKey = (text: string) => KEYS.map((key) => [key, text] as const);

export interface EventBusUnderTest {
  readonly bus: EventBus;
  /** Closes the bus and what it runs on. */
  close(): Promise<void>;
}

/**
 * What every EventBus must do. Each test has topics and groups of its own, so that one server serves many runs.
 * `makeBus` is called once, and once more for the test that closes its bus.
 */
export function eventBusConformance(
  name: string,
  makeBus: () => Promise<EventBusUnderTest>,
  { timeoutMs = 60_000 }: { readonly timeoutMs?: DurationMs } = {},
): void {
  describe(`event bus conformance: ${name}`, () => {
    let made: EventBusUnderTest;
    let world: BusWorld;
    beforeAll(async () => {
      made = await makeBus();
      world = new BusWorld(made.bus);
    }, timeoutMs);
    afterAll(async () => {
      await world.closeAll();
      await made.close();
    }, timeoutMs);

    it(
      'keeps the order of a key, and a key to one partition',
      async () => {
        const topic = await world.topic();
        const { sink } = await world.join(topic);
        for (let round = 0; round < 10; round++) await world.publish(topic, ofEachKey(`${round}`));
        await sink.until(() => distinct(sink.records) === 120, 'all records');
        expectOrderedKeys(sink.records, 10);
      },
      timeoutMs,
    );

    it(
      'brings key, headers, bytes, position and time unchanged',
      async () => {
        const topic = await world.topic();
        const { sink } = await world.join(topic);
        const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
        const headers = { ce_type: 'x', traceparent: '00-a-b-01', place: 'Zürich · 東京', empty: '' };
        await world.bus.publish([{ topic, key: 'schlüssel', headers, value }]);
        await sink.until(() => sink.records.length === 1, 'the record');
        const [record] = sink.records;
        expect(record).toMatchObject({ topic, key: 'schlüssel', headers, offset: 0n });
        expect([...(record?.value ?? [])]).toEqual([...value]);
        expect(Number.isInteger(record?.partition)).toBe(true);
        expect(record?.appendedAt).toBeGreaterThan(0);
      },
      timeoutMs,
    );

    it(
      'takes a batch of 2,000 records and loses none',
      async () => {
        const topic = await world.topic();
        const { sink } = await world.join(topic);
        const records = Array.from({ length: 2_000 }, (_, i) => [KEYS[i % 12] ?? '', `${Math.floor(i / 12)}`] as const);
        await world.publish(topic, records);
        await sink.until(() => distinct(sink.records) === 2_000, '2,000 records');
        expectOrderedKeys(sink.records, 2_000 / 12);
      },
      timeoutMs,
    );

    it(
      'gives a new group what was published before it',
      async () => {
        const topic = await world.topic();
        await world.publish(topic, [
          ['a', '1'],
          ['b', '2'],
        ]);
        const { sink } = await world.join(topic);
        await sink.until(() => new Set(sink.records.map(({ key }) => key)).size === 2, 'both, at least once');
      },
      timeoutMs,
    );

    it(
      'shares the partitions among the members of a group',
      async () => {
        const topic = await world.topic();
        const group = world.name('group');
        const first = await world.join(topic, { group, commits: true });
        const second = await world.join(topic, { group, commits: true });
        await world.untilShared([first.sink, second.sink]);
        const owned = [...first.sink.owned, ...second.sink.owned].map(({ partition }) => partition);
        expect(owned.toSorted()).toEqual([0, 1, 2]);
        await world.publish(topic, ofEachKey('x'));
        await second.sink.until(() => second.sink.records.length > 0, 'records for the second member');
        await first.sink.until(() => distinct([...first.sink.records, ...second.sink.records]) === 12, 'each record');
      },
      timeoutMs,
    );

    it(
      'lets two groups read the same records independently',
      async () => {
        const topic = await world.topic();
        const one = await world.join(topic, { commits: true });
        const other = await world.join(topic);
        await world.publish(topic, ofEachKey('x'));
        await one.sink.until(() => distinct(one.sink.records) === 12, 'all records in one group');
        await other.sink.until(() => distinct(other.sink.records) === 12, 'all records in the other group');
      },
      timeoutMs,
    );

    it(
      'starts again at the committed offset',
      async () => {
        const topic = await world.topic(1);
        const group = world.name('group');
        const before = await world.join(topic, { group });
        await world.publish(topic, numbered(5));
        await before.sink.until(() => before.sink.records.length === 5, 'five records');
        await before.subscription.commit([{ topic, partition: 0, nextOffset: 3n }]);
        await before.subscription.close();
        const after = await world.join(topic, { group });
        await after.sink.until(() => after.sink.records.length === 2, 'the two records that were not committed');
        expect(after.sink.texts()).toEqual(['3', '4']);
      },
      timeoutMs,
    );

    it(
      'delivers again what was never committed',
      async () => {
        const topic = await world.topic(1);
        const group = world.name('group');
        const before = await world.join(topic, { group });
        await world.publish(topic, numbered(3));
        await before.sink.until(() => before.sink.records.length === 3, 'three records');
        await before.subscription.close();
        const after = await world.join(topic, { group });
        await after.sink.until(() => after.sink.records.length === 3, 'the same three records');
        expect(after.sink.texts()).toEqual(['0', '1', '2']);
      },
      timeoutMs,
    );

    it(
      'reads from the end only what is appended after `ready`',
      async () => {
        const topic = await world.topic();
        await world.publish(
          topic,
          KEYS.map((key) => [key, 'before']),
        );
        const tails = [await world.join(topic, { from: 'end' }), await world.join(topic, { from: 'end' })];
        await world.publish(
          topic,
          KEYS.map((key) => [key, 'after']),
        );
        for (const { sink } of tails) {
          await sink.until(() => sink.records.length >= 12, 'the later records');
          expect(new Set(sink.texts())).toEqual(new Set(['after']));
          expect(sink.records).toHaveLength(12);
        }
      },
      timeoutMs,
    );

    it(
      'delivers nothing of a paused partition, and all of it when resumed',
      async () => {
        const topic = await world.topic();
        const { sink, subscription } = await world.join(topic);
        await world.publish(topic, ofEachKey('0'));
        await sink.until(() => distinct(sink.records) === 12, 'the first round');
        const paused = { topic, partition: sink.records[0]?.partition ?? 0 };
        const flowing = (): IncomingRecord[] => sink.records.filter(({ partition }) => partition !== paused.partition);
        const firstFlowing = distinct(flowing());
        subscription.pause([paused]);
        await world.publish(topic, ofEachKey('1'));
        await sink.until(() => distinct(flowing()) === 2 * firstFlowing, 'the second round of the other partitions');
        expect(distinct(sink.records)).toBe(12 + firstFlowing);
        subscription.resume([paused]);
        await sink.until(() => distinct(sink.records) === 24, 'the rest after resuming');
        expectOrderedKeys(sink.records, 2);
      },
      timeoutMs,
    );

    it(
      'loses nothing and reorders no key while members join and leave',
      async () => {
        const topic = await world.topic();
        const group = world.name('group');
        const deliveries: Delivery[] = [];
        const round = (number: number): Promise<void> => world.publish(topic, ofEachKey(`${number}`));
        const first = await world.join(topic, { group, commits: true, name: 'first', deliveries });
        for (let number = 0; number < 5; number++) await round(number);
        const second = await world.join(topic, { group, commits: true, name: 'second', deliveries });
        for (let number = 5; number < 10; number++) await round(number);
        await world.untilShared([first.sink, second.sink]);
        for (let number = 10; number < 15; number++) await round(number);
        await first.subscription.close();
        for (let number = 15; number < 20; number++) await round(number);
        const seen = (): number => new Set(deliveries.map(({ record }) => `${record.key}/${textOf(record)}`)).size;
        await second.sink.until(() => seen() === 12 * 20, 'every record at least once');
        expectNoGaps(deliveries);
      },
      timeoutMs,
    );

    it(
      'refuses the commit of a member whose partition has moved',
      async () => {
        const topic = await world.topic();
        const group = world.name('group');
        const first = await world.join(topic, { group });
        await world.publish(topic, ofEachKey('x'));
        await first.sink.until(() => distinct(first.sink.records) === 12, 'all records');
        const second = await world.join(topic, { group });
        await world.untilShared([first.sink, second.sink]);
        const moved = second.sink.owned[0] ?? { topic, partition: -1 };
        await expect(first.subscription.commit([{ ...moved, nextOffset: 1n }])).rejects.toMatchObject({
          kind: 'conflict',
        });
        await second.sink.until(() => second.sink.records.length > 0, 'redelivery to the new owner');
        await expect(second.subscription.commit([{ ...moved, nextOffset: 1n }])).resolves.toBeUndefined();
      },
      timeoutMs,
    );

    it(
      'refuses a topic that is missing, to subscribers and to publishers',
      async () => {
        const topic = world.name('missing');
        const missing = { kind: 'unavailable', code: 'topic_missing' };
        const subscribing = world.bus.subscribe(
          { group: world.name('group'), topics: [topic], from: 'committed' },
          new RecordingSink(),
        );
        await expect(subscribing).rejects.toMatchObject(missing);
        await expect(world.publish(topic, [['a', 'x']])).rejects.toMatchObject({ kind: 'unavailable' });
      },
      timeoutMs,
    );

    it(
      'makes topics once and never changes their partition count',
      async () => {
        const topic = await world.topic(2);
        await world.bus.ensureTopics([{ topic, partitions: 2, retentionMs: RETENTION_MS }]);
        await world.bus.ensureTopics([{ topic, partitions: 5, retentionMs: RETENTION_MS }]).catch(() => {});
        const { sink } = await world.join(topic);
        await sink.until(() => sink.owned.length > 0, 'an assignment');
        expect(sink.owned.map(({ partition }) => partition).toSorted()).toEqual([0, 1]);
      },
      timeoutMs,
    );

    it(
      'counts the lag between committed offset and end',
      async () => {
        const topic = await world.topic();
        const { sink, subscription } = await world.join(topic);
        await world.publish(topic, ofEachKey('x'));
        await sink.until(() => distinct(sink.records) === 12, 'all records');
        // What was tried again in part is in the log twice.
        const behind = await subscription.lag();
        expect(behind).toBeGreaterThanOrEqual(12);
        await sink.until(() => sink.records.length === behind, 'all that the log holds');
        await subscription.commit(endPositions(sink.records));
        expect(await subscription.lag()).toBe(0);
      },
      timeoutMs,
    );

    it(
      'reads several topics with one subscription',
      async () => {
        const topics = [await world.topic(), await world.topic()];
        const { sink } = await world.join(topics[0] ?? '', { topics });
        for (const topic of topics) await world.publish(topic, [['a', topic]]);
        await sink.until(() => distinct(sink.records) === 2, 'a record of each topic');
        expect(new Set(sink.texts())).toEqual(new Set(topics));
      },
      timeoutMs,
    );

    it(
      'answers a ping, and refuses to publish once closed',
      async () => {
        const other = await makeBus();
        await expect(other.bus.ping()).resolves.toBeUndefined();
        await other.bus.close();
        const record = { topic: await world.topic(), key: 'a', headers: {}, value: new Uint8Array([1]) };
        await expect(other.bus.publish([record])).rejects.toMatchObject({ kind: 'unavailable' });
        await other.close();
      },
      timeoutMs,
    );
  });
}
