import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RUNS_KEPT, RunWindow } from './run-window.js';

describe('the window of runs', () => {
  it('has the quantiles of the last 200 figures, by nearest rank', () => {
    fc.assert(
      fc.property(
        // Sizes left to fast-check stay below ten: no window would ever be full.
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 450, size: 'max' }),
        fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
        (values, q) => {
          const window = new RunWindow();
          for (const value of values) window.add(value);
          const last = values.slice(-RUNS_KEPT).toSorted((a, b) => a - b);
          expect(window.size).toBe(last.length);
          expect(window.quantile(q)).toBe(last[Math.max(0, Math.ceil(q * last.length) - 1)]);
        },
      ),
    );
  });

  it('knows nothing before the first', () => {
    expect(new RunWindow().quantile(0.5)).toBeUndefined();
  });
});
