import type { Rng } from '@millrace/kernel';

/** A mean with the interval in which it stays when its sample is drawn again. */
export interface BootstrapInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

/**
 * Percentile bootstrap of the mean over all values. Values are drawn with replacement inside their group, so that each
 * environment keeps its weight. For a paired difference, pass the differences of the pairs.
 * @returns NaN throughout where there is no value.
 */
export function bootstrapInterval(groups: readonly (readonly number[])[], rng: Rng): BootstrapInterval {
  const size = groups.reduce((sum, group) => sum + group.length, 0);
  const sum = groups.reduce((all, group) => all + group.reduce((total, value) => total + value, 0), 0);
  if (size === 0) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN };
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let drawn = 0;
    for (const group of groups) {
      for (let count = group.length; count > 0; count--) drawn += group[Math.floor(rng.next() * group.length)] ?? 0;
    }
    means[resample] = drawn / size;
  }
  means.sort();
  const tail = Math.floor((RESAMPLES * (1 - CONFIDENCE)) / 2);
  return { mean: sum / size, low: means[tail] ?? Number.NaN, high: means[RESAMPLES - 1 - tail] ?? Number.NaN };
}
