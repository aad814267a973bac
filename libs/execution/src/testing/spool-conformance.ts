import { afterEach, describe, expect, it } from '@jest/globals';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import type { Spool } from '../engine/ports/spool.port.js';

export interface SpoolUnderTest {
  /** Opens the same place again; a spool opened before is dead by then, as after kill -9 when it was not closed. */
  open(): Promise<Spool>;
  cleanUp(): Promise<void>;
}

/** What every Spool must do. `create` gives an empty place. */
export function spoolConformance(name: string, create: () => Promise<SpoolUnderTest>): void {
  describe(`spool conformance: ${name}`, () => {
    let place: SpoolUnderTest | undefined;
    const open = async (): Promise<Spool> => {
      place ??= await create();
      return place.open();
    };
    afterEach(async () => {
      await place?.cleanUp();
      place = undefined;
    });

    it('gives records back in the order of appending, at most as many as asked for', async () => {
      const spool = await open();
      await spool.append([record('a'), record('b')]);
      await spool.append([record('c')]);
      expect(await keysOf(spool, 2)).toEqual(['a', 'b']);
      expect(await keysOf(spool)).toEqual(['a', 'b', 'c']);
      expect(spool.depth()).toBe(3);
      await spool.close();
    });

    it('keeps topic, key, headers and bytes as they are', async () => {
      const spool = await open();
      const wanted = { ...record('ü key'), value: Uint8Array.from({ length: 256 }, (_, index) => index) };
      await spool.append([wanted]);
      const [found] = await (await open()).pending(10);
      expect(found?.record.key).toBe(wanted.key);
      expect(found?.record.topic).toBe(wanted.topic);
      expect(found?.record.headers).toEqual(wanted.headers);
      expect([...(found?.record.value ?? [])]).toEqual([...wanted.value]);
    });

    it('gives what nobody acknowledged to the next owner, also without an orderly close', async () => {
      const first = await open();
      await first.append([record('a'), record('b'), record('c')]);
      await acknowledge(first, ['a', 'c']);
      await first.close();
      const second = await open();
      expect(await keysOf(second)).toEqual(['b']);
      await second.append([record('d')]);
      const third = await open();
      expect(await keysOf(third)).toEqual(['b', 'd']);
      await third.close();
    });

    it('forgets what was acknowledged at once, and does not mind an unknown id', async () => {
      const spool = await open();
      await spool.append([record('a'), record('b')]);
      await acknowledge(spool, ['a']);
      await spool.acknowledge([987_654_321]);
      expect(await keysOf(spool)).toEqual(['b']);
      expect(spool.depth()).toBe(1);
      await spool.close();
    });

    it('keeps the order of appends that run at once', async () => {
      const spool = await open();
      const names = Array.from({ length: 50 }, (_, index) => `r${index}`);
      await Promise.all(names.map((key) => spool.append([record(key)])));
      expect(await keysOf(spool)).toEqual(names);
      expect(await keysOf(await open())).toEqual(names);
    });

    it('never gives an id twice while records are pending', async () => {
      const first = await open();
      await first.append([record('a')]);
      const second = await open();
      await second.append([record('b')]);
      const ids = (await second.pending(10)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(2);
      await second.close();
    });
  });
}

export function record(key: string): OutgoingRecord {
  return { topic: 'attempt.reported', key, headers: { ce_id: `id-${key}` }, value: new TextEncoder().encode('{}') };
}

async function keysOf(spool: Spool, limit = 1_000): Promise<readonly string[]> {
  return (await spool.pending(limit)).map(({ record: { key } }) => key);
}

async function acknowledge(spool: Spool, keys: readonly string[]): Promise<void> {
  const pending = await spool.pending(1_000);
  await spool.acknowledge(pending.filter(({ record: { key } }) => keys.includes(key)).map(({ id }) => id));
}
