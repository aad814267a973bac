/** What is worth knowing of many durations, in seconds. All zero where there are none. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Quantiles by nearest rank: each is one of the values. */
export function spreadOf(valuesMs: readonly number[]): Spread {
  const sorted = Float64Array.from(valuesMs).sort();
  const count = sorted.length;
  const rank = (share: number): number => (sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0) / 1_000;
  let sum = 0;
  for (const value of sorted) sum += value;
  return {
    count,
    mean: count === 0 ? 0 : sum / count / 1_000,
    p50: rank(0.5),
    p95: rank(0.95),
    p99: rank(0.99),
    max: rank(1),
  };
}

/** Jain's index of fairness: 1 where all have the same, 1/n where one has everything. 1 for nobody. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((all, value) => all + value, 0);
  const squares = values.reduce((all, value) => all + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}
