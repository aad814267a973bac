import { invariant } from '@millrace/kernel';
import { FULL_SHARE_PPM } from './segment.js';

/**
 * Splits a whole amount by weights so that the parts are integers and sum exactly: each gets its part rounded down,
 * and the rest goes one by one to the largest remainders, ties to the first (rule 4, BIL-04). Weights are integers
 * ≥ 0, at least one above 0.
 */
export function splitByWeight(total: number, weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  invariant(sum > 0n, 'at least one weight is above 0');
  const parts = weights.map((weight, index) => {
    const exact = BigInt(total) * BigInt(weight);
    return { index, whole: Number(exact / sum), remainder: exact % sum };
  });
  const rest = total - parts.reduce((all, { whole }) => all + whole, 0);
  const lucky = new Set(
    [...parts]
      .sort((a, b) => (a.remainder < b.remainder ? 1 : a.remainder > b.remainder ? -1 : a.index - b.index))
      .slice(0, rest)
      .map(({ index }) => index),
  );
  return parts.map(({ index, whole }) => whole + (lucky.has(index) ? 1 : 0));
}

/** Rule 2: the share of a MIG slice, e.g. 3 of 7. */
export function sliceSharePpm(slices: number, slicesOfGpu: number): number {
  return Math.floor((slices * FULL_SHARE_PPM) / slicesOfGpu);
}

/** Rule 3: time-sliced. max(reserved, measured) of each, scaled down together where they exceed the GPU. */
export function timeSlicedSharesPpm(
  tasks: readonly { readonly reservedPpm: number; readonly measuredPpm: number }[],
): readonly number[] {
  const wanted = tasks.map(({ reservedPpm, measuredPpm }) => Math.max(reservedPpm, measuredPpm));
  const sum = wanted.reduce((all, share) => all + share, 0);
  return sum <= FULL_SHARE_PPM ? wanted : splitByWeight(FULL_SHARE_PPM, wanted);
}
