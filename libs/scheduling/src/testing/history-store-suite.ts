import { describe, expect, it } from '@jest/globals';
import type { StoresUnderTest } from './stores-under-test.js';

const NOW = Date.UTC(2026, 0, 1, 12);

/** What every store of runs and served time does the same. */
export function historyStoreSuite(stores: () => StoresUnderTest): void {
  const key = { taskType: 'a', model: 'm', resolution: '832x480', frames: 4_000, steps: 24, pool: 'local' };
  const bare = { taskType: 'a', model: 'm', resolution: null, frames: null, steps: null, pool: 'local' };

  describe('history', () => {
    it('keeps the last 200 runs of a key, in order, also of one that tells of no size', async () => {
      const runs = Array.from({ length: 150 }, (_, n) => ({ key, gpuMs: n }));
      await stores().run(({ history }) => history.addRuns([{ key: bare, gpuMs: 7 }, ...runs], NOW));
      await stores().run(({ history }) => history.addRuns([...runs, { key: bare, gpuMs: 8 }], NOW + 1));
      const lengths = await stores().run(({ history }) => history.runLengths(10));
      expect(lengths.find((known) => known.key.steps === null)).toEqual({ key: bare, gpuMs: [7, 8] });
      const kept = [...runs, ...runs].slice(-200).map(({ gpuMs }) => gpuMs);
      expect(lengths.find((known) => known.key.steps === 24)).toEqual({ key, gpuMs: kept });
    });

    it('gives the keys that ran last, the latest last', async () => {
      for (const [at, steps] of [1, 2, 3].entries()) {
        await stores().run(({ history }) => history.addRuns([{ key: { ...key, steps }, gpuMs: 1 }], NOW + at));
      }
      await stores().run(({ history }) => history.addRuns([{ key: { ...key, steps: 1 }, gpuMs: 2 }], NOW + 9));
      const lengths = await stores().run(({ history }) => history.runLengths(2));
      expect(lengths.map((known) => known.key.steps)).toEqual([3, 1]);
    });

    it('sums what tenants were served by class, and forgets what is old', async () => {
      const served = (tenantId: string, gpuMs: number, priority = 0) => ({ tenantId, gpuMs, priority });
      await stores().run(({ history }) => history.addServed([served('a', 5), served('b', 1), served('a', 5, 1)], NOW));
      await stores().run(({ history }) => history.addServed([served('a', 2), served('a', 3)], NOW + 3_600_000));
      const since = (at: number) => stores().run(({ history }) => history.servedSince(at));
      expect(await since(NOW)).toEqual([served('a', 10), served('b', 1), served('a', 5, 1)]);
      expect(await since(NOW + 3_600_000)).toEqual([served('a', 5)]);
      await stores().run(({ history }) => history.addRuns([{ key, gpuMs: 1 }], NOW));
      expect(await stores().run(({ history }) => history.removeOld(NOW, NOW, 9))).toBe(0);
      expect(await stores().run(({ history }) => history.removeOld(NOW + 1, NOW + 600_001, 9))).toBe(4);
      expect(await since(0)).toEqual([served('a', 5)]);
      expect(await stores().run(({ history }) => history.runLengths(9))).toEqual([]);
    });
  });
}
