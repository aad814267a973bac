import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingRecord } from '../ports/event-bus.port.js';
import type { ParkedEvent, ParkedEventStore, ParkedKind, RecordPosition } from '../ports/parked-event-store.port.js';

export interface ParkedStoreUnderTest {
  readonly store: ParkedEventStore;
  close(): Promise<void>;
}

const GROUP = 'conformance.group';
const TOPIC = 'task.lifecycle';
const PARKED_AT = 1_767_225_600_000;

/** What every ParkedEventStore must do. `make` is called for each test and gives an empty store. */
export function parkedStoreConformance(name: string, make: () => Promise<ParkedStoreUnderTest>): void {
  describe(`parked event store conformance: ${name}`, () => {
    let made: ParkedStoreUnderTest;
    let store: ParkedEventStore;
    beforeEach(async () => {
      made = await make();
      store = made.store;
    });
    afterEach(() => made.close());
    const load = (key: string, limit = 10): Promise<readonly ParkedEvent[]> => store.load(GROUP, TOPIC, key, limit);

    it('gives back a record with its bytes, headers and original position', async () => {
      const event = parked('a', 9_007_199_254_740_993n, { value: Uint8Array.from([0, 255, 128, 10]) });
      await store.put(GROUP, [event]);
      expect((await load('a')).map(plain)).toEqual([plain(event)]);
    });

    it('loads one key by ascending offset, up to the limit', async () => {
      await store.put(GROUP, [parked('a', 7n), parked('b', 6n), parked('a', 3n), parked('a', 11n)]);
      expect(offsetsOf(await load('a'))).toEqual([3n, 7n, 11n]);
      expect(offsetsOf(await load('a', 2))).toEqual([3n, 7n]);
      expect(await load('unknown')).toEqual([]);
    });

    it('counts the kinds of each key of the partitions asked for', async () => {
      await store.put(GROUP, [
        parked('a', 1n, {}, 'dead'),
        parked('a', 2n, {}, 'parked'),
        parked('a', 3n, {}, 'parked'),
      ]);
      await store.put(GROUP, [parked('c', 2n, { partition: 1 }, 'delayed')]);
      await store.put(GROUP, [parked('b', 4n), parked('c', 1n, { partition: 1 }), parked('d', 1n, { partition: 2 })]);
      const partitions = [
        { topic: TOPIC, partition: 0 },
        { topic: TOPIC, partition: 1 },
      ];
      const keys = await store.keys(GROUP, partitions);
      expect(keys.toSorted((x, y) => x.key.localeCompare(y.key))).toEqual([
        { topic: TOPIC, partition: 0, key: 'a', counts: { held: 0, parked: 2, delayed: 0, dead: 1 } },
        { topic: TOPIC, partition: 0, key: 'b', counts: { held: 1, parked: 0, delayed: 0, dead: 0 } },
        { topic: TOPIC, partition: 1, key: 'c', counts: { held: 1, parked: 0, delayed: 1, dead: 0 } },
      ]);
      expect(await store.keys(GROUP, [])).toEqual([]);
    });

    it('keeps one entry per position: a second put changes kind and reason only', async () => {
      await store.put(GROUP, [parked('a', 1n)]);
      await store.put(GROUP, [{ ...parked('a', 1n, {}, 'dead'), reason: 'broken', parkedAt: PARKED_AT + 5_000 }]);
      const [entry, ...more] = await load('a');
      expect(more).toEqual([]);
      expect(entry).toMatchObject({ kind: 'dead', reason: 'broken', parkedAt: PARKED_AT });
    });

    it('removes what was applied and ignores what it does not know', async () => {
      await store.put(GROUP, [parked('a', 1n), parked('a', 2n), parked('a', 1n, { partition: 1 })]);
      await store.remove(GROUP, [
        { topic: TOPIC, partition: 0, offset: 1n },
        { topic: TOPIC, partition: 0, offset: 99n },
      ]);
      await store.remove(GROUP, []);
      const left = (await load('a')).map(({ record }) => [record.partition, record.offset]);
      expect(left.toSorted()).toEqual([
        [0, 2n],
        [1, 1n],
      ]);
    });

    it('keeps groups apart', async () => {
      await store.put(GROUP, [parked('a', 1n)]);
      await store.put('another.group', [parked('a', 1n), parked('a', 2n)]);
      await store.remove('another.group', [{ topic: TOPIC, partition: 0, offset: 1n }]);
      expect(offsetsOf(await load('a'))).toEqual([1n]);
      expect(offsetsOf(await store.load('another.group', TOPIC, 'a', 10))).toEqual([2n]);
    });

    it('P6: keeps when a delayed record is due and how often it failed, and forgets both with the next put', async () => {
      const delayed = { ...parked('a', 1n, {}, 'delayed'), dueAt: PARKED_AT + 300_000, failedTries: 5, redrives: 2 };
      await store.put(GROUP, [parked('a', 1n)]);
      await store.put(GROUP, [delayed]);
      expect((await load('a')).map(plain)).toEqual([plain({ ...delayed, parkedAt: PARKED_AT })]);
      await store.put(GROUP, [parked('a', 1n)]);
      expect((await load('a')).map(plain)).toEqual([plain(parked('a', 1n))]);
    });

    it('lets a redriven record go with fresh tries, and counts the redrive', async () => {
      await store.put(GROUP, [{ ...parked('a', 1n, {}, 'dead'), failedTries: 7 }]);
      expect(await store.resolve(GROUP, [at(1n)], 'redrive')).toEqual([at(1n)]);
      expect((await load('a')).map(plain)).toEqual([plain({ ...parked('a', 1n, {}, 'parked'), redrives: 1 })]);
      await store.put(GROUP, [{ ...parked('a', 1n, {}, 'dead'), failedTries: 7, redrives: 1 }]);
      await store.resolve(GROUP, [at(1n)], 'redrive');
      expect(await load('a')).toMatchObject([{ kind: 'parked', redrives: 2 }]);
    });

    it('removes a skipped record, and touches nothing that is not dead', async () => {
      await store.put(GROUP, [parked('a', 1n, {}, 'dead'), parked('a', 2n, {}, 'parked'), parked('a', 3n)]);
      await store.put('another.group', [parked('a', 1n, {}, 'dead')]);
      const positions = [at(1n), at(2n), at(3n), at(99n)];
      expect(await store.resolve(GROUP, positions, 'skip')).toEqual([at(1n)]);
      expect(await store.resolve(GROUP, positions, 'redrive')).toEqual([]);
      expect((await load('a')).map(({ kind }) => kind)).toEqual(['parked', 'held']);
      expect(await store.load('another.group', TOPIC, 'a', 10)).toHaveLength(1);
      expect(await store.resolve(GROUP, [], 'skip')).toEqual([]);
    });

    it('takes an empty batch, and one of 500 events', async () => {
      await store.put(GROUP, []);
      await store.put(
        GROUP,
        Array.from({ length: 500 }, (_, i) => parked('a', BigInt(i))),
      );
      expect(await load('a', 1_000)).toHaveLength(500);
    });
  });
}

function parked(
  key: string,
  offset: bigint,
  overrides: Partial<IncomingRecord> = {},
  kind: ParkedKind = 'held',
): ParkedEvent {
  const record = {
    ...{ topic: TOPIC, partition: 0, offset, key, appendedAt: PARKED_AT - 10_000 },
    headers: { ce_type: 'conformance', place: 'Zürich' },
    value: new TextEncoder().encode('{"a":1}'),
    ...overrides,
  };
  return { kind, reason: 'sequence 3 before 2', parkedAt: PARKED_AT, record };
}

function at(offset: bigint): RecordPosition {
  return { topic: TOPIC, partition: 0, offset };
}

function offsetsOf(events: readonly ParkedEvent[]): bigint[] {
  return events.map(({ record }) => record.offset);
}

/** Buffers and typed arrays compare by their bytes. */
function plain({ record, ...event }: ParkedEvent): unknown {
  return { ...event, record: { ...record, value: [...record.value] } };
}
