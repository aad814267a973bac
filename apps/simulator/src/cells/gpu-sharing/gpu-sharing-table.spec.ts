import { describe, expect, it } from '@jest/globals';
import { gpuSharingTable } from './gpu-sharing-table.js';
import { pairedDifference, standardDeviation } from './paired-difference.js';

describe('pairedDifference', () => {
  it('is the mean of the differences, with an interval around it that is the same each time', () => {
    const ours = [3, 5, 4, 6, 5];
    const theirs = [1, 2, 3, 4, 2];
    const { mean, low, high } = pairedDifference(ours, theirs);
    expect(mean).toBeCloseTo(2.2, 12);
    expect(low).toBeGreaterThan(1.2);
    expect(low).toBeLessThan(2.2);
    expect(high).toBeGreaterThan(2.2);
    expect(high).toBeLessThan(3);
    expect(pairedDifference(ours, theirs)).toEqual({ mean, low, high });
  });

  it('is narrow where every pair differs alike, however far the pairs lie apart', () => {
    const { low, high } = pairedDifference([10, 20, 90], [9, 19, 89]);
    expect(low).toBeCloseTo(1, 12);
    expect(high).toBeCloseTo(1, 12);
  });
});

describe('standardDeviation', () => {
  it('is that of a sample', () => {
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });
});

describe('gpuSharingTable', () => {
  const list = (name: string, ours: readonly number[]): string =>
    gpuSharingTable([
      {
        name,
        policies: [
          { policy: 'fgd', allocatedPercent: [95, 96] },
          { policy: 'millrace', allocatedPercent: ours },
        ],
      },
    ]);

  it('sets each figure beside its anchor, and ours beside the target', () => {
    const text = list('default', [96, 97]);
    expect(text).toContain('| fgd | 95.39 | 95.50 ± 0.71 | +1.00 (+1.00 to +1.00) |');
    expect(text).toContain('| millrace | – | 96.50 ± 0.71 | – |');
    expect(text).toContain('Target ≥ 95.7: ours 96.50, met.');
    expect(list('default', [95, 96])).toContain('missed');
  });

  it('has no anchor and no target for a list that the specification does not have', () => {
    const text = list('mine', [94, 95]);
    expect(text).toContain('| fgd | – | 95.50');
    expect(text).toContain('No target is set for this list: ours 94.50, −1.00 (−1.00 to −1.00) points to FGD.');
  });
});
