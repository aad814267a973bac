import { describe, expect, it } from '@jest/globals';
import { countTransitions, nextRun, RUN_AGE_BINS, runState, semiMarkovChain } from './run-age.js';

const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);
const row = (chain: ReturnType<typeof semiMarkovChain>, state: number): Record<number, number> =>
  Object.fromEntries(
    Array.from({ length: chain.from[state + 1]! - chain.from[state]! }, (_, k) => {
      const at = chain.from[state]! + k;
      return [chain.to[at]!, chain.chance[at]!];
    }),
  );

describe('runs of Spot capacity by age', () => {
  it('begin anew when capacity comes or goes', () => {
    let run = nextRun(undefined, true);
    expect(run).toEqual({ on: true, ageTicks: 1 });
    run = nextRun(run, true);
    expect(run).toEqual({ on: true, ageTicks: 2 });
    expect(nextRun(run, false)).toEqual({ on: false, ageTicks: 1, lastOnTicks: 2 });
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [9, 2],
    [10, 3],
    [24, 3],
    [25, 4],
    [500, 4],
  ])('fall into the bins {1, 2–3, 4–9, 10–24, 25+}: age %i', (ageTicks, bin) => {
    expect(runState(RUN_AGE_BINS, { on: false, ageTicks })).toBe(bin);
    expect(runState(RUN_AGE_BINS, { on: true, ageTicks })).toBe(5 + bin);
  });

  it('are counted from state to state, each sequence for itself', () => {
    // States of bins {1, 2+}: 0 off new, 1 off old, 2 on new, 3 on old.
    const counts = countTransitions([1, 2], [bits('1110'), bits('001')]);
    expect([...counts]).toEqual([
      ...[0, 1, 0, 0], // 0 → 0 once
      ...[0, 0, 1, 0], // 00 → 1
      ...[0, 0, 0, 1], // 1 → 1
      ...[1, 0, 0, 1], // 11 → 1, 11 → 0
    ]);
  });

  it('give a chain whose rows are shares of the counts', () => {
    const chain = semiMarkovChain([1, 2], countTransitions([1, 2], [bits('1110')]));
    expect(row(chain, 3)).toEqual({ 0: 0.5, 3: 0.5 });
    expect(row(chain, 2)).toEqual({ 3: 1 });
    expect([...chain.on]).toEqual([0, 0, 1, 1]);
  });

  it('leave a state that nobody has seen where it is', () => {
    expect(row(semiMarkovChain([1, 2], new Float64Array(16)), 1)).toEqual({ 1: 1 });
  });

  it('shrink a zone towards the pool: its own share grows with what it has seen', () => {
    const pool = countTransitions([1], [bits('10'.repeat(50))]);
    const stays = (ticks: number): number =>
      row(semiMarkovChain([1], pool, countTransitions([1], [bits('1'.repeat(ticks + 1))]), 50), 1)[1] ?? 0;
    expect(stays(0)).toBe(0);
    expect(stays(50)).toBeCloseTo(0.5, 9);
    expect(stays(450)).toBeCloseTo(0.9, 9);
  });
});
