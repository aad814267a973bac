import { describe, expect, it } from '@jest/globals';
import { checkHistory } from './check-histories.js';

/** How many histories, from which seed: `npm run check:ledger` asks for more. */
const { count, from } = (globalThis as { readonly histories?: { readonly count: number; readonly from: number } })
  .histories ?? { count: 1_000, from: 1 };
const LIMIT_MS_PER_HISTORY = 120;
const FAULTS_SHOWN = 20;

describe('random histories', () => {
  it(
    `P10 P11 P13 BIL-02: ${count} of them keep time and money, in any order, twice over`,
    async () => {
      const faults: string[] = [];
      for (let seed = from; seed < from + count && faults.length < FAULTS_SHOWN; seed++) {
        faults.push(...(await checkHistory(seed)));
      }
      expect(faults).toEqual([]);
    },
    count * LIMIT_MS_PER_HISTORY,
  );
});
