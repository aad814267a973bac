import { seededRng } from '@millrace/kernel';
import { bootstrapInterval } from '../../bench/bootstrap-interval.js';

const SEED = 1;

/** Mean of `ours[i] − theirs[i]`, which belong together, with its interval; the same figures give the same interval. */
export function pairedDifference(
  ours: readonly number[],
  theirs: readonly number[],
): ReturnType<typeof bootstrapInterval> {
  return bootstrapInterval([ours.map((value, at) => value - (theirs[at] ?? Number.NaN))], seededRng(SEED));
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample: divided by one less than its size. */
export function standardDeviation(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
