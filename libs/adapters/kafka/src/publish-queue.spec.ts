import { describe, expect, it } from '@jest/globals';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import { PublishQueue, splitIntoRequests } from './publish-queue.js';

function record(key: string, bytes = 10): OutgoingRecord {
  return { topic: 'task.requested', key, headers: {}, value: new Uint8Array(bytes) };
}

/** A sender that holds each request until told. */
function heldSender() {
  const requests: { readonly keys: readonly string[]; settle: (error?: unknown) => void }[] = [];
  const send = (records: readonly OutgoingRecord[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error as Error));
      requests.push({ keys: records.map(({ key }) => key), settle });
    });
  return { requests, send };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('publish queue', () => {
  it('sends at once when idle, and joins all that comes while a request is under way', async () => {
    const { requests, send } = heldSender();
    const queue = new PublishQueue(send);
    const first = queue.publish([record('a')]);
    await turn();
    const later = [queue.publish([record('b')]), queue.publish([record('c'), record('d')])];
    await turn();
    expect(requests.map(({ keys }) => keys)).toEqual([['a']]);
    requests[0]?.settle();
    await first;
    await turn();
    expect(requests.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c', 'd']]);
    requests[1]?.settle();
    await Promise.all(later);
  });

  it('fails every publication of a request that the brokers did not take', async () => {
    const { requests, send } = heldSender();
    const queue = new PublishQueue(send);
    const published = Promise.allSettled([queue.publish([record('a')]), queue.publish([record('b')])]);
    await turn();
    requests[0]?.settle(new Error('Connection timeout'));
    for (const outcome of await published) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable', retriable: true } });
    }
    expect(requests).toHaveLength(1);
  });

  it('fails only the publication whose record no broker takes', async () => {
    const tooLarge = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
    const queue = new PublishQueue(async (records) => {
      if (records.some(({ key }) => key === 'large')) throw tooLarge;
    });
    const outcomes = await Promise.allSettled([queue.publish([record('a')]), queue.publish([record('large')])]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(outcomes[1]).toMatchObject({ reason: { kind: 'validation' } });
  });

  it('refuses at once what would wait above the limit', async () => {
    const { requests, send } = heldSender();
    const queue = new PublishQueue(send);
    const waiting = Array.from({ length: 64 }, () => queue.publish([record('a', 1024 * 1024 - 200)]));
    await expect(queue.publish([record('b', 1024 * 1024)])).rejects.toMatchObject({ kind: 'unavailable' });
    for (let settled = 0; settled < waiting.length; settled++) {
      await turn();
      requests[settled]?.settle();
    }
    await Promise.all(waiting);
    await queue.drained();
    await expect(Promise.race([queue.publish([record('c', 1024 * 1024)]), turn()])).resolves.toBeUndefined();
  });

  it('splits by bytes and by number, in order, and leaves a too large record alone', () => {
    const records = [record('a', 500_000), record('b', 500_000), record('c', 2_000_000), record('d', 1)];
    expect(splitIntoRequests(records).map((request) => request.map(({ key }) => key))).toEqual([
      ['a'],
      ['b'],
      ['c'],
      ['d'],
    ]);
    const many = Array.from({ length: 4_500 }, (_, i) => record(String(i)));
    expect(splitIntoRequests(many).map((request) => request.length)).toEqual([2_000, 2_000, 500]);
    expect(splitIntoRequests(many).flat()).toEqual(many);
  });
});
