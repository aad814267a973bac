import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DeadLetter } from '../domain/dead-letter.js';
import type { DeadLetterFilter, DeadLetterStore } from '../engine/ports/dead-letter-store.port.js';
import { aDeadLetter, aTaskId } from './builders.js';

const AT = Date.UTC(2026, 0, 2);

/** What every DeadLetterStore must do. `make` gives an empty one. */
export function deadLetterStoreConformance(name: string, make: () => Promise<DeadLetterStore>): void {
  describe(`${name}: dead letters`, () => {
    let store: DeadLetterStore;
    beforeEach(async () => {
      store = await make();
    });
    const ids = async (filter: DeadLetterFilter, order: 'newest' | 'oldest' = 'oldest'): Promise<string[]> =>
      (await store.list(filter, { order, limit: 10 })).map(({ id }) => id);

    it('gives a letter back as it came, bytes and headers unchanged', async () => {
      const letter = aDeadLetter(1, { payload: Uint8Array.from([0, 255, 10]), payloadBytes: 3, taskId: aTaskId(7) });
      await store.record([letter]);
      expect(plain(await store.find(letter.id))).toEqual(plain(letter));
      expect(await store.find(aTaskId(99))).toBeUndefined();
    });

    it('takes a letter that is told of twice once, and opens a resolved one only when it was redriven since', async () => {
      const letter = aDeadLetter(1);
      await store.record([letter, letter]);
      await store.markResolved([letter.id], { state: 'redriven', by: 'key1', at: AT });
      await store.record([{ ...letter, reason: 'told again' }]);
      expect(await store.find(letter.id)).toMatchObject({ state: 'redriven', resolvedBy: 'key1', resolvedAt: AT });
      await store.record([{ ...letter, redrives: 1, reason: 'died again', createdAt: letter.createdAt + 9 }]);
      const again = { state: 'open', reason: 'died again', redrives: 1, resolvedAt: null, createdAt: letter.createdAt };
      expect(await store.find(letter.id)).toMatchObject(again);
      expect(await store.count({})).toBe(1);
    });

    it('marks open ones only', async () => {
      await store.record([aDeadLetter(1), aDeadLetter(2)]);
      await store.markResolved([aDeadLetter(1).id], { state: 'skipped', by: 'key1', at: AT });
      await store.markResolved([aDeadLetter(1).id, aDeadLetter(2).id], { state: 'redriven', by: 'key2', at: AT });
      expect([(await store.find(aDeadLetter(1).id))?.state, (await store.find(aDeadLetter(2).id))?.state]).toEqual([
        'skipped',
        'redriven',
      ]);
    });

    it('pages in both orders', async () => {
      const letters = [1, 2, 3, 4].map((n) => aDeadLetter(n));
      await store.record(letters);
      const sorted = letters.map(({ id }) => id);
      expect(await ids({})).toEqual(sorted);
      expect(await ids({}, 'newest')).toEqual([...sorted].reverse());
      const after = letters[1];
      const page = await store.list({}, { order: 'oldest', limit: 1, ...(after === undefined ? {} : { after }) });
      expect(page.map(({ id }) => id)).toEqual(sorted.slice(2, 3));
    });

    it.each<[string, Partial<DeadLetter>, DeadLetterFilter]>([
      ['topic', { topic: 'usage.recorded' }, { topic: 'usage.recorded' }],
      ['consumer group', { group: 'billing.usage' }, { group: 'billing.usage' }],
      ['error class', { errorClass: 'event_malformed' }, { errorClass: 'event_malformed' }],
      ['event type', { eventType: 'io.millrace.x.v1' }, { eventType: 'io.millrace.x.v1' }],
      ['task', { taskId: aTaskId(5) }, { taskId: aTaskId(5) }],
      ['state', { state: 'open' }, { state: 'open' }],
      ['created at or after', { createdAt: AT }, { createdAfter: AT }],
      ['created before', { createdAt: AT - 999_999_999 }, { createdBefore: AT - 999_999_998 }],
    ])('chooses by %s', async (what, overrides, filter) => {
      await store.record([aDeadLetter(1), aDeadLetter(2, overrides)]);
      if (what === 'state') await store.markResolved([aDeadLetter(1).id], { state: 'skipped', by: 'k', at: AT });
      expect(await ids(filter)).toEqual([aDeadLetter(2).id]);
      expect(await store.count(filter)).toBe(1);
    });

    it('removes old ones, up to the limit', async () => {
      await store.record([aDeadLetter(1), aDeadLetter(2), aDeadLetter(3)]);
      expect(await store.deleteBefore(AT, 2)).toBe(2);
      expect(await store.deleteBefore(AT, 2)).toBe(1);
      expect(await store.count({})).toBe(0);
    });
  });
}

/** Buffers and typed arrays compare by their bytes. */
function plain(letter: DeadLetter | undefined): unknown {
  return letter === undefined ? undefined : { ...letter, payload: [...letter.payload] };
}
