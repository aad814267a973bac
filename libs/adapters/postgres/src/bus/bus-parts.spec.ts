import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '@millrace/kernel';
import { AppendQueue } from './append-queue.js';
import { assignRanges } from './assign-ranges.js';
import type { EncodedRecord } from './event-log.postgres.js';
import { partitionOf } from './partition-of.js';

describe('partitionOf', () => {
  // Values of kafkajs 2.2.4's default partitioner; "21" hashes to -973932308 in Kafka's own test.
  it.each([
    ['', 24, 9],
    ['a', 7, 5],
    ['21', 24, 12],
    ['abc', 7, 4],
    ['acme', 24, 12],
    ['schlüssel', 24, 0],
    ['01890a5d-ac96-774b-bcce-b302099a8057', 4, 1],
  ])('never changes: %p of %d is %d', (key, partitions, want) => {
    expect(partitionOf(key, partitions)).toBe(want);
  });

  it('spreads keys evenly', () => {
    const counts = Array.from({ length: 8 }, () => 0);
    for (let n = 0; n < 8_000; n++) counts[partitionOf(`task-${n}`, 8)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
  });
});

describe('assignRanges', () => {
  const partitions = ['a', 'b'].flatMap((topic, t) =>
    Array.from({ length: 4 }, (_, number) => ({ id: t * 4 + number, topic, number })),
  );

  it('gives neighbouring partitions of each topic to each member that reads it', () => {
    const members = [
      { id: 'one', topics: ['a', 'b'] },
      { id: 'two', topics: ['a'] },
    ];
    expect([...assignRanges(members, partitions)]).toEqual([
      [0, 'one'],
      [1, 'one'],
      [2, 'two'],
      [3, 'two'],
      [4, 'one'],
      [5, 'one'],
      [6, 'one'],
      [7, 'one'],
    ]);
  });

  it('deals every partition out exactly once, none to a member that does not read it, loads differing by one', () => {
    const topics = fc.subarray(['a', 'b'], { minLength: 1 });
    fc.assert(
      fc.property(fc.array(topics, { minLength: 1, maxLength: 6 }), (topicLists) => {
        const members = topicLists.map((list, index) => ({ id: `m${index}`, topics: list }));
        const targets = assignRanges(members, partitions);
        for (const topic of ['a', 'b']) {
          const readers = members.filter((member) => member.topics.includes(topic));
          const owners = partitions.filter((p) => p.topic === topic).map(({ id }) => targets.get(id));
          if (readers.length === 0) expect(owners).toEqual([undefined, undefined, undefined, undefined]);
          const loads = readers.map(({ id }) => owners.filter((owner) => owner === id).length);
          expect(loads.reduce((sum, load) => sum + load, 0)).toBe(readers.length === 0 ? 0 : 4);
          if (readers.length > 0) expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('AppendQueue', () => {
  const LIMITS = { appendRecordsMax: 4, appendBytesMax: 1_000, waitingRecordsMax: 10 };

  function record(name: string, bytes = 1): EncodedRecord {
    return { partitionId: 1, key: Buffer.from(name), headers: Buffer.alloc(0), value: Buffer.alloc(bytes) };
  }

  /** A log whose appends end when told. */
  function slowLog() {
    const appended: string[][] = [];
    const ends: (() => void)[] = [];
    const append = (records: readonly EncodedRecord[]): Promise<void> => {
      appended.push(records.map(({ key }) => key.toString()));
      return new Promise((resolve) => ends.push(resolve));
    };
    const endNext = async (): Promise<void> => {
      ends.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { appended, append, endNext };
  }

  it('starts at once when idle, and takes what came meanwhile together, in order', async () => {
    const log = slowLog();
    const queue = new AppendQueue(log.append, LIMITS);
    void queue.add([record('a')]);
    void queue.add([record('b')]);
    void queue.add([record('c'), record('d')]);
    expect(log.appended).toEqual([['a']]);
    await log.endNext();
    expect(log.appended).toEqual([['a'], ['b', 'c', 'd']]);
    await log.endNext();
    await queue.idle();
  });

  it('splits what is larger than an append, by records and by bytes', async () => {
    const appended: number[] = [];
    const queue = new AppendQueue(async (records) => void appended.push(records.length), LIMITS);
    await queue.add(Array.from({ length: 9 }, (_, n) => record(`${n}`)));
    await queue.add([record('x', 600), record('y', 600), record('z', 2_000)]);
    expect(appended).toEqual([4, 4, 1, 1, 1, 1]);
  });

  it('refuses more than may wait, as unavailable', async () => {
    const log = slowLog();
    const queue = new AppendQueue(log.append, LIMITS);
    void queue.add([record('a')]);
    void queue.add(Array.from({ length: 11 }, (_, n) => record(`${n}`)));
    await expect(queue.add([record('late')])).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('tries callers one by one when their common append was refused, not when the database is away', async () => {
    const away = new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'away' });
    let calls = 0;
    let fault: Error = new Error('refused');
    const queue = new AppendQueue(async (records) => {
      calls += 1;
      if (records.some(({ key }) => key.toString() === 'bad')) throw fault;
    }, LIMITS);
    const attempt = () => Promise.allSettled(['first', 'good', 'bad'].map((name) => queue.add([record(name)])));
    expect((await attempt()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await queue.idle();
    fault = away;
    calls = 0;
    expect((await attempt()).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(calls).toBe(2);
  });
});
