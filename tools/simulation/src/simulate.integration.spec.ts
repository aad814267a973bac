import { describe, expect, it } from '@jest/globals';
import { MUTATIONS, type Mutation } from './mutations.js';
import { simulateEpisode } from './simulate.js';

/** Most mutations show in the first episode; those that need a fault at one moment in a few more. */
const SEEDS_MAX = 30;

describe('the simulation', () => {
  it('P1 P3 P4 P7 P11 P14 P15 P18 P19: the promises hold on a bad day, a worse one, and one worse still', async () => {
    for (const seed of [1, 2, 3]) {
      const { violations, history, faults } = await simulateEpisode({ seed });
      expect({ seed, violations }).toEqual({ seed, violations: [] });
      expect(history.gatewayTasks.length).toBeGreaterThanOrEqual(30);
      expect(faults.size).toBeGreaterThan(10);
    }
  }, 120_000);

  it('does the same again from the same seed', async () => {
    const [first, second] = [await simulateEpisode({ seed: 4 }), await simulateEpisode({ seed: 4 })];
    expect(second.history.records.map(({ id }) => id)).toEqual(first.history.records.map(({ id }) => id));
    expect(second.steps).toBe(first.steps);
  }, 60_000);

  it.each(Object.keys(MUTATIONS) as Mutation[])(
    'the checker sees through a broken build: %s',
    async (mutation) => {
      for (let seed = 1; seed <= SEEDS_MAX; seed++) {
        const { violations } = await simulateEpisode({ seed, mutation });
        if (violations.length > 0) return;
      }
      throw new Error(`${mutation}: ${SEEDS_MAX} episodes, and no promise was broken`);
    },
    240_000,
  );
});
