/**
 * Points that a network takes in one call: its activations stay in the processor's cache, and the event loop gets a
 * turn every few milliseconds.
 */
const POINTS_LIMIT = 8192;
/**
 * Parts start at multiples of this. The runtime computes the numbers that do not fill a vector register in another
 * way, with other last bits; so only the last part may leave some over, and the same ones as a single call would.
 */
const ALIGNMENT = 64;

/** Calls `part` for near-equal stretches of 0 … count, one after another: the results are those of a single call. */
export async function inParts(count: number, part: (from: number, to: number) => Promise<void>): Promise<void> {
  const parts = Math.ceil(count / (POINTS_LIMIT - ALIGNMENT));
  const startOf = (k: number): number => ALIGNMENT * Math.floor((k * count) / parts / ALIGNMENT);
  for (let k = 0; k < parts; k++) await part(startOf(k), k === parts - 1 ? count : startOf(k + 1));
}
