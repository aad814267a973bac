import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

describe('a property', () => {
  it('that says how long its arrays may get sees long ones', () => {
    const samples = fc.sample(fc.array(fc.nat(), { maxLength: 200 }), { seed: 1, numRuns: 100 });
    expect(Math.max(...samples.map(({ length }) => length))).toBeGreaterThan(50);
  });
});
