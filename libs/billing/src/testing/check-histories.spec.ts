import { describe, expect, it } from '@jest/globals';
import { checkHistory } from './check-histories.js';

const HISTORIES = 1_000;

describe('random histories', () => {
  it(`P10 P11 P13 BIL-02: ${HISTORIES} of them keep time and money, in any order, twice over`, async () => {
    const faults: string[] = [];
    for (let seed = 1; seed <= HISTORIES; seed++) faults.push(...(await checkHistory(seed)));
    expect(faults).toEqual([]);
  }, 120_000);
});
