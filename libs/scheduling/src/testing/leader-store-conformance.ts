import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LeaderStore } from '../engine/ports/leader-store.port.js';
import type { StoresUnderTest } from './stores-under-test.js';

export interface LeaderUnderTest {
  readonly store: LeaderStore;
  readonly stores: StoresUnderTest;
  /** Lets `durationMs` pass on the clock that times the leader row. */
  elapse(durationMs: number): Promise<void>;
}

/** What every implementation of the leader row does the same. */
export function leaderStoreConformance(name: string, create: () => Promise<LeaderUnderTest>, timeoutMs = 60_000): void {
  describe(`leader store: ${name}`, () => {
    let row: LeaderUnderTest;
    beforeAll(async () => {
      row = await create();
    }, timeoutMs);
    afterAll(() => row.stores.close?.());
    beforeEach(() => row.stores.clear());
    const confirm = (holder: string, term: number): Promise<void> =>
      row.stores.run(({ leader }) => leader.confirm({ holder, term }));

    it('one leads; another takes over only when the time is up, with the next term', async () => {
      const first = await row.store.acquire('a', 40);
      expect(first).toEqual({ holder: 'a', term: expect.any(Number) });
      expect(await row.store.acquire('b', 40)).toBeUndefined();
      await row.elapse(60);
      const second = await row.store.acquire('b', 10_000);
      expect(second?.term).toBe((first?.term ?? 0) + 1);
      expect(await row.store.acquire('a', 10_000)).toBeUndefined();
    });

    it('a renewal prolongs, and fails once the term was taken', async () => {
      const first = await row.store.acquire('a', 40);
      if (first === undefined) throw new Error('nobody else leads');
      expect(await row.store.renew(first, 10_000)).toBe(true);
      await row.elapse(60);
      expect(await row.store.acquire('b', 10_000)).toBeUndefined();
      await row.store.release(first);
      expect(await row.store.acquire('b', 10_000)).toEqual({ holder: 'b', term: first.term + 1 });
      expect(await row.store.renew(first, 10_000)).toBe(false);
    });

    it('only the term in force may write: an earlier life of the same holder may not', async () => {
      const first = await row.store.acquire('a', 10_000);
      const second = await row.store.acquire('a', 10_000);
      await expect(confirm('a', first?.term ?? 0)).rejects.toMatchObject({ code: 'not_leader', kind: 'unavailable' });
      await expect(confirm('b', second?.term ?? 0)).rejects.toMatchObject({ code: 'not_leader' });
      await expect(confirm('a', second?.term ?? 0)).resolves.toBeUndefined();
    });

    it('letting go of a term that was taken does nothing', async () => {
      const first = await row.store.acquire('a', 10_000);
      const second = await row.store.acquire('a', 10_000);
      if (first === undefined || second === undefined) throw new Error('nobody else leads');
      await row.store.release(first);
      expect(await row.store.renew(second, 10_000)).toBe(true);
      expect(await row.store.acquire('b', 10_000)).toBeUndefined();
    });
  });
}
