import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DurationMs } from '@millrace/kernel';
import type { OutgoingRecord } from '../ports/event-bus.port.js';
import type { OutboxBatch, OutboxStore } from '../ports/outbox-store.port.js';

export interface OutboxStoreUnderTest {
  readonly store: OutboxStore;
  /** The same outbox, as another process sees it. */
  readonly other: OutboxStore;
  /** Writes a row, as the unit of work does, as if made `ageMs` ago; the promise commits it. Returns the row's id. */
  begin(
    records: readonly OutgoingRecord[],
    ageMs: DurationMs,
  ): Promise<{ readonly id: string; commit(): Promise<void> }>;
  close(): Promise<void>;
}

/** What every OutboxStore must do. `make` is called for each test and gives an empty outbox. */
export function outboxStoreConformance(name: string, make: () => Promise<OutboxStoreUnderTest>): void {
  describe(`outbox store conformance: ${name}`, () => {
    let made: OutboxStoreUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.close());
    const insert = async (text: string, ageMs: DurationMs): Promise<string> => {
      const row = await made.begin([recordOf(text)], ageMs);
      await row.commit();
      return row.id;
    };
    const leftBehind = async (olderThanMs = 2_000, limit = 10): Promise<string[]> =>
      textsOf(await made.store.leftBehind({ olderThanMs, limit }));

    it('finds what is old enough, oldest first, up to the limit', async () => {
      await insert('young', 0);
      await insert('old', 60_000);
      await insert('older', 120_000);
      await insert('oldest', 180_000);
      expect(await leftBehind()).toEqual(['oldest', 'older', 'old']);
      expect(await leftBehind(2_000, 2)).toEqual(['oldest', 'older']);
      expect(await leftBehind(90_000)).toEqual(['oldest', 'older']);
    });

    it('gives back a row with its records as they were written', async () => {
      const records = [recordOf('one'), { ...recordOf('two'), headers: { ce_type: 'x', place: 'Zürich' } }];
      const row = await made.begin(records, 60_000);
      await row.commit();
      const [found] = await made.store.leftBehind({ olderThanMs: 0, limit: 1 });
      expect(found?.id).toBe(row.id);
      expect(found?.records.map(plain)).toEqual(records.map(plain));
    });

    it('forgets what is published, and ignores ids it does not know', async () => {
      const published = await insert('published', 60_000);
      await insert('left', 60_000);
      await made.store.markPublished([published]);
      await made.store.markPublished([published]);
      await made.store.markPublished([]);
      expect(await leftBehind()).toEqual(['left']);
    });

    it('P5: sees a row that commits after a younger one was published', async () => {
      const slow = await made.begin([recordOf('slow')], 60_000);
      const quick = await insert('quick', 30_000);
      expect(await leftBehind()).toEqual(['quick']);
      await made.store.markPublished([quick]);
      await slow.commit();
      expect(await leftBehind()).toEqual(['slow']);
    });

    it('tells the age of the oldest unpublished row', async () => {
      expect(await made.store.oldestUnpublishedMs()).toBeUndefined();
      await insert('young', 0);
      const id = await insert('old', 60_000);
      expect(await made.store.oldestUnpublishedMs()).toBeGreaterThanOrEqual(60_000);
      expect(await made.store.oldestUnpublishedMs()).toBeLessThan(120_000);
      await made.store.markPublished([id]);
      expect(await made.store.oldestUnpublishedMs()).toBeLessThan(60_000);
    });

    it('lets one process relay at a time, and the next one when it is done', async () => {
      let during: boolean | undefined;
      let ranTwice = false;
      const first = await made.store.exclusively(async () => {
        during = await made.other.exclusively(async () => {
          ranTwice = true;
        });
      });
      expect([first, during, ranTwice]).toEqual([true, false, false]);
      expect(await made.other.exclusively(async () => {})).toBe(true);
    });

    it('passes on what the relay rejects with, and lets the next one relay', async () => {
      const failing = made.store.exclusively(() => Promise.reject(new Error('bus away')));
      await expect(failing).rejects.toThrow('bus away');
      expect(await made.other.exclusively(async () => {})).toBe(true);
    });
  });
}

function recordOf(text: string): OutgoingRecord {
  const value = new TextEncoder().encode(JSON.stringify({ text }));
  return { topic: 'task.lifecycle', key: text, headers: { ce_type: 'conformance' }, value };
}

function textsOf(batches: readonly OutboxBatch[]): string[] {
  return batches.flatMap(({ records }) => records.map(({ key }) => key));
}

/** Buffers and typed arrays compare by their bytes. */
function plain({ value, ...record }: OutgoingRecord): unknown {
  return { ...record, value: [...value] };
}
