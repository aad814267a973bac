import { describe, expect, it } from '@jest/globals';
import { SubmittedRuns } from './submitted-runs.js';

/** Ended runs of this key, with ids from `from`. */
function ran(runs: SubmittedRuns, from: number, count: number, seconds: number, key = '1'): void {
  for (let n = from; n < from + count; n++) {
    runs.submitted(`run-${n}`, key);
    runs.ended(`run-${n}`, seconds);
  }
}

function rankOfNew(runs: SubmittedRuns, key = '1', id = 'new'): number {
  runs.submitted(id, key);
  return runs.rankOf(id);
}

describe('runs judged by those requested near to them', () => {
  it('are as long as their neighbours, not as those of long ago', () => {
    const runs = new SubmittedRuns();
    ran(runs, 0, 300, 50_000);
    ran(runs, 1_000, 100, 70);
    expect(rankOfNew(runs)).toBeLessThan(150);
    ran(runs, 2_000, 100, 50_000);
    expect(rankOfNew(runs, '1', 'newer')).toBeGreaterThan(3_000);
  });

  it('count a nearer neighbour for more', () => {
    const near = new SubmittedRuns();
    ran(near, 0, 50, 50_000);
    ran(near, 100, 50, 70);
    const far = new SubmittedRuns();
    ran(far, 0, 50, 70);
    ran(far, 100, 50, 50_000);
    expect(rankOfNew(near)).toBeLessThan(rankOfNew(far) / 1.5);
  });

  it('learn from those requested after them, too', () => {
    const runs = new SubmittedRuns();
    ran(runs, 0, 100, 50_000);
    const before = rankOfNew(runs);
    ran(runs, 1_000, 100, 70);
    expect(runs.rankOf('new')).toBeLessThan(before / 10);
  });

  it('learn from neighbours that are still going', () => {
    const runs = new SubmittedRuns();
    ran(runs, 0, 20, 70);
    const before = rankOfNew(runs);
    for (let n = 100; n < 160; n++) {
      runs.submitted(`run-${n}`, '1');
      runs.reached(`run-${n}`, 20_000);
    }
    expect(runs.rankOf('new')).toBeGreaterThan(3 * before);
  });

  it('are judged by their own kind, and by all only of lengths that it has not seen', () => {
    const runs = new SubmittedRuns();
    ran(runs, 0, 200, 70, '1');
    ran(runs, 1_000, 200, 9_000, '8');
    expect(rankOfNew(runs, '8')).toBeGreaterThan(1_500);
    expect(rankOfNew(runs, '1', 'other')).toBeLessThan(200);
    expect(rankOfNew(runs, '16', 'first')).toBeLessThan(1e5);
  });

  it('rise in rank as they last', () => {
    const runs = new SubmittedRuns();
    ran(runs, 0, 200, 70);
    ran(runs, 1_000, 10, 20_000);
    const fresh = rankOfNew(runs);
    runs.reached('new', 1_000);
    expect(runs.rankOf('new')).toBeGreaterThan(20 * fresh);
  });

  it('keep the unended ones when the oldest are dropped', () => {
    const runs = new SubmittedRuns();
    runs.submitted('old', '1');
    ran(runs, 0, 30_000, 70);
    runs.reached('old', 5);
    expect(runs.rankOf('old')).toBeLessThan(200);
    expect(rankOfNew(runs)).toBeLessThan(200);
  });

  it('are submitted once, and known until they end', () => {
    const runs = new SubmittedRuns();
    runs.submitted('a', '1');
    expect(() => runs.submitted('a', '1')).toThrow('run a is submitted once');
    runs.ended('a', 1);
    expect(() => runs.rankOf('a')).toThrow('run a was submitted and has not ended');
  });
});
