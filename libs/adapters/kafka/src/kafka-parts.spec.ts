import { describe, expect, it } from '@jest/globals';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { isFenced, toBusError } from './kafka-errors.js';
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
