import { describe, expect, it } from '@jest/globals';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { isFenced, toBusError } from './kafka-errors.js';
import { systemClock } from '@millrace/kernel';
import type { Admin, ITopicConfig } from 'kafkajs';
import { ConnectOnce } from './connect-once.js';
import { KafkaTopics } from './kafka-topics.js';
import { fromMessage, toMessage } from './kafka-record.mapping.js';
import { mendKafkajs } from './mend-kafkajs.js';

describe('errors of kafkajs', () => {
  const fenced = Object.assign(new Error('The coordinator is not aware of this member'), { type: 'UNKNOWN_MEMBER_ID' });

  it('finds a lost membership on the cause that kafkajs wraps', () => {
    expect(isFenced(fenced)).toBe(true);
    expect(isFenced(new Error('no more tries', { cause: fenced }))).toBe(true);
    expect(isFenced(new Error('Connection timeout'))).toBe(false);
  });

  it('calls everything but a bad record unavailable', () => {
    expect(toBusError(new Error('Connection timeout'), 'publish')).toMatchObject({
      kind: 'unavailable',
      retriable: true,
    });
    const tooLarge = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
    expect(toBusError(tooLarge, 'publish')).toMatchObject({ kind: 'validation', retriable: false });
  });
});

describe('records and messages', () => {
  it('keep key, headers and bytes', () => {
    const record = { topic: 't', key: 'schlüssel', headers: { ce_id: '1' }, value: new Uint8Array([1, 2, 255]) };
    const { key, headers, value } = toMessage(record);
    expect({ key, headers, value: [...(value as Buffer)] }).toEqual({
      key: 'schlüssel',
      headers: { ce_id: '1' },
      value: [1, 2, 255],
    });
  });

  it('read a message of another program: no key, no value, repeated headers', () => {
    const message = { key: null, value: null, timestamp: '1700000000000', attributes: 0, offset: '9007199254740993' };
    expect(fromMessage('t', 3, { ...message, headers: { a: ['1', '2'], b: Buffer.from('x') } })).toEqual({
      ...{ topic: 't', partition: 3, offset: 9007199254740993n, appendedAt: 1700000000000, key: '' },
      ...{ headers: { a: '1', b: 'x' }, value: new Uint8Array() },
    });
  });
});

describe('the mended request queue', () => {
  mendKafkajs();
  const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
  const idle = {
    ...{ pending: [] as unknown[], throttledUntil: -1, throttleCheckTimeoutId: null as NodeJS.Timeout | null },
    ...{ enforceRequestTimeout: true, inflight: new Map(), requestTimeoutIntervalId: setTimeout(() => {}, 0) },
    ...{ isConnected: () => true, destroy: () => {} },
  };

  it('sets no timer with nothing pending and no throttling', () => {
    const queue = { ...idle };
    schedule.call(queue);
    expect(queue.throttleCheckTimeoutId).toBeNull();
  });

  it('still sets one for a pending request', () => {
    const queue = { ...idle, pending: [{}] };
    schedule.call(queue);
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    clearTimeout(queue.throttleCheckTimeoutId ?? undefined);
  });

  it('is mended once however often it is asked for', () => {
    mendKafkajs();
    expect(RequestQueue.prototype.scheduleCheckPendingRequests).toBe(schedule);
  });
});

describe('topics that are made', () => {
  /** An admin that has no topics and makes them in memory. */
  function adminThatMakes(made: ITopicConfig[]): ConnectOnce<Admin> {
    const admin: Partial<Admin> = {
      connect: async () => {},
      disconnect: async () => {},
      listTopics: async () => made.map(({ topic }) => topic),
      createTopics: async ({ topics }) => made.push(...topics) > 0,
      fetchTopicMetadata: async () => ({
        topics: made.map(({ topic, numPartitions = 0 }) => ({
          name: topic,
          partitions: Array.from({ length: numPartitions }, (_, partitionId) => ({
            partitionErrorCode: 0,
            partitionId,
            leader: 1,
            replicas: [1],
            isr: [1],
          })),
        })),
      }),
    };
    return new ConnectOnce(() => admin as Admin);
  }

  it.each([
    ['have as many copies as asked for', 3, { replicationFactor: 3 }],
    ["have the brokers' own number of copies where none is asked for", undefined, {}],
  ])('%s', async (_, replication, expected) => {
    const made: ITopicConfig[] = [];
    const topics = new KafkaTopics(adminThatMakes(made), systemClock, replication);
    await topics.ensure([{ topic: 'task.lifecycle', partitions: 2, retentionMs: 1_000 }]);
    expect(made).toHaveLength(1);
    expect(made[0]?.numPartitions).toBe(2);
    expect('replicationFactor' in (made[0] ?? {}) ? { replicationFactor: made[0]?.replicationFactor } : {}).toEqual(
      expected,
    );
  });
});
