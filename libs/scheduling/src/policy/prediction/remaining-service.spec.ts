import { describe, expect, it } from '@jest/globals';
import { binOf, LengthTable } from './remaining-service.js';

function aTable(ended: readonly number[], going: readonly number[] = []): LengthTable {
  const table = new LengthTable();
  for (const seconds of ended) table.add({ seconds, ended: true });
  for (const seconds of going) table.add({ seconds, ended: false });
  return table;
}

describe('the rank of a task whose length nothing foretells', () => {
  it('is the length of its kind for a fresh task: to the middle of the bin', () => {
    const bin = [1.3 ** 17, 1.3 ** 18] as const;
    const ended = Array.from({ length: 10 }, () => 100);
    expect(aTable(ended).rankAt(0)).toBeCloseTo((bin[0] + bin[1]) / 2, 6);
    // Ten more are still somewhere in the bin: seen through half of it, they count half among those at risk.
    const ending = 10 / 15;
    expect(aTable(ended, ended).rankAt(0)).toBeCloseTo((bin[0] + (1 - ending / 2) * (bin[1] - bin[0])) / ending, 6);
  });

  it('counts what a try at a short one costs: half end after 100 s, the others not for long', () => {
    const rank = aTable([
      ...Array.from({ length: 50 }, () => 100),
      ...Array.from({ length: 50 }, () => 100_000),
    ]).rankAt(0);
    expect(rank).toBeGreaterThan(150);
    expect(rank).toBeLessThan(300);
  });

  it('rises once a task has outlived the short ones, and falls as it comes near its end', () => {
    const table = aTable([...Array.from({ length: 90 }, () => 100), ...Array.from({ length: 10 }, () => 100_000)]);
    expect(table.rankAt(0)).toBeLessThan(200);
    expect(table.rankAt(200)).toBeGreaterThan(50_000);
    expect(table.rankAt(90_000)).toBeLessThan(40_000);
  });

  it('learns from runs that have not ended', () => {
    const ended = Array.from({ length: 10 }, () => 100);
    const alone = aTable(ended).rankAt(0);
    expect(
      aTable(
        ended,
        Array.from({ length: 90 }, () => 5_000),
      ).rankAt(0),
    ).toBeGreaterThan(5 * alone);
    // Those that have not got as far say nothing about 100 s.
    expect(
      aTable(
        ended,
        Array.from({ length: 90 }, () => 2),
      ).rankAt(0),
    ).toBeCloseTo(alone, 6);
  });

  it('puts a task that has outlived all that are known of last, the one that has had least first', () => {
    const table = aTable([100, 200, 300]);
    expect(table.rankAt(1_000)).toBeGreaterThan(1e6);
    expect(table.rankAt(2_000)).toBeGreaterThan(table.rankAt(1_000));
    expect(new LengthTable().rankAt(0)).toBeGreaterThan(1e6);
  });

  it('takes over the shape of another table with the weight given', () => {
    const table = aTable([1], [1e6, 1e6]);
    table.clear();
    table.addShare(aTable(Array.from({ length: 500 }, () => 100)), 5);
    const rank = table.rankAt(0);
    expect(rank).toBeCloseTo(aTable(Array.from({ length: 5 }, () => 100)).rankAt(0), 6);
    table.add({ seconds: 10_000, ended: true }, 45);
    expect(table.rankAt(0)).toBeGreaterThan(5 * rank);
    table.clear();
    table.addShare(aTable([]), 5);
    expect(table.rankAt(0)).toBe(new LengthTable().rankAt(0));
  });

  it('tells lengths apart by three tenths, up to a year and on', () => {
    expect([0, 1, 1.29, 1.31, 100, 130, 1e12].map(binOf)).toEqual([0, 0, 0, 1, 17, 18, 65]);
  });
});
