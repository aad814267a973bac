/**
 * Spot capacity as a Markov chain over a finite set of states. `on[s]` is 1 where capacity can be had in s. Rows are
 * sparse: the successors of s are `to[k]` with probability `chance[k]`, for k from `from[s]` to `from[s + 1]`.
 */
export interface SpotChain {
  readonly on: Uint8Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly chance: Float64Array;
}

/** A chain from its rows: successors of each state with their probabilities. */
export function spotChain(on: readonly number[], rows: readonly ReadonlyMap<number, number>[]): SpotChain {
  const from = new Int32Array(rows.length + 1);
  rows.forEach((row, state) => (from[state + 1] = (from[state] ?? 0) + row.size));
  return {
    on: Uint8Array.from(on),
    from,
    to: Int32Array.from(rows.flatMap((row) => [...row.keys()])),
    chance: Float64Array.from(rows.flatMap((row) => [...row.values()])),
  };
}
