import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PREVIEW_MIN_INTERVAL_MS, PROGRESS_MIN_INTERVAL_MS, onProgress, startProgress } from './progress.js';

const runs = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 200 });

function play(stepTimes: readonly number[]): readonly (ReturnType<typeof onProgress> & { nowMs: number })[] {
  let state = startProgress(0);
  let nowMs = 0;
  return stepTimes.map((stepMs, index) => {
    nowMs += stepMs;
    const decision = onProgress(state, { step: index + 1, totalSteps: stepTimes.length, nowMs });
    state = decision.next;
    return { ...decision, nowMs };
  });
}

describe('what of the progress is told', () => {
  it('WRK-10: the percentage never falls and keeps 100 for the stored result', () => {
    fc.assert(
      fc.property(runs, (stepTimes) => {
        const percents = play(stepTimes).map(({ percent }) => percent);
        expect(percents).toEqual([...percents].sort((a, b) => a - b));
        expect(percents.at(-1)).toBe(99);
      }),
    );
  });

  it('tells the first and the last step, others at least 250 ms apart, previews 1 s apart', () => {
    fc.assert(
      fc.property(runs, (stepTimes) => {
        const told = play(stepTimes).filter(({ tell }) => tell);
        expect(play(stepTimes)[0]?.tell).toBe(true);
        expect(play(stepTimes).at(-1)?.tell).toBe(true);
        const gaps = (times: readonly number[]): readonly number[] =>
          times.slice(1).map((nowMs, index) => nowMs - (times[index] ?? 0));
        const between = gaps(told.slice(0, -1).map(({ nowMs }) => nowMs));
        expect(between.every((gap) => gap >= PROGRESS_MIN_INTERVAL_MS)).toBe(true);
        const previews = gaps(told.filter(({ preview }) => preview).map(({ nowMs }) => nowMs));
        expect(previews.every((gap) => gap >= PREVIEW_MIN_INTERVAL_MS)).toBe(true);
      }),
    );
  });

  it('estimates the rest from the steps so far', () => {
    const steady = play(Array.from({ length: 20 }, () => 100));
    expect(steady[9]?.remainingMs).toBe(1_000);
    expect(steady.at(-1)?.remainingMs).toBe(0);
  });

  it('follows a run whose steps become slower', () => {
    const slowing = play([...Array.from({ length: 20 }, () => 50), ...Array.from({ length: 20 }, () => 500)]);
    expect(slowing[34]?.remainingMs).toBeGreaterThan(5 * 400);
  });
});
