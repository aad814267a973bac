import { seededRng } from '@millrace/kernel';

/** Mean of the differences of paired figures with a 95 % bootstrap interval. */
interface PairedDifference {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 10_000;
const SEED = 1;

/** `ours[i]` and `theirs[i]` belong together. Percentile bootstrap over the pairs; the same figures give the same interval. */
export function pairedDifference(ours: readonly number[], theirs: readonly number[]): PairedDifference {
  const differences = ours.map((value, at) => value - (theirs[at] ?? Number.NaN));
  const rng = seededRng(SEED);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let draw = 0; draw < differences.length; draw++) {
      sum += differences[Math.floor(rng.next() * differences.length)] ?? 0;
    }
    return sum / differences.length;
  }).sort();
  return {
    mean: meanOf(differences),
    low: means[Math.floor(0.025 * RESAMPLES)] ?? Number.NaN,
    high: means[Math.ceil(0.975 * RESAMPLES) - 1] ?? Number.NaN,
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample: divided by one less than its size. */
export function standardDeviation(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
