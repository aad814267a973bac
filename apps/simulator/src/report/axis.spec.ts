import { describe, expect, it } from '@jest/globals';
import { timeMarks, valueMarks } from './axis.js';

describe('marks of values', () => {
  it.each([
    [4, ['0', '1', '2', '3', '4']],
    [0, ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']],
    [147, ['0', '50', '100', '150']],
    [1_000, ['0', '200', '400', '600', '800', '1,000']],
    [0.03, ['0.00', '0.01', '0.02', '0.03']],
  ])('up to %d are %j', (max, want) => {
    expect(valueMarks(max).map(({ label }) => label)).toEqual(want);
  });

  it.each([0.001, 1, 3.3, 99, 12_345])('reach %d', (max) => {
    const marks = valueMarks(max);
    expect(marks.at(-1)?.at).toBeGreaterThanOrEqual(max * (1 - 1e-9));
    expect(marks.length).toBeLessThanOrEqual(7);
  });
});

describe('marks of time', () => {
  it.each([
    [60, 's', ['0', '10', '20', '30', '40', '50', '60']],
    [7_200, 'min', ['0', '20', '40', '60', '80', '100', '120']],
    [14_400, 'h', ['0.0', '0.5', '1.0', '1.5', '2.0', '2.5', '3.0', '3.5', '4.0']],
    [86_400, 'h', ['0', '3', '6', '9', '12', '15', '18', '21', '24']],
    [30 * 86_400, 'd', ['0', '5', '10', '15', '20', '25', '30']],
  ])('over %d s are in %s', (durationS, unit, want) => {
    const { marks, unit: told } = timeMarks(durationS);
    expect([told, marks.map(({ label }) => label)]).toEqual([unit, want]);
  });
});
