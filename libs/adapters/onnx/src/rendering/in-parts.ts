/**
 * Points that a network takes in one call: its activations stay in the processor's cache, and the event loop gets a
 * turn every few milliseconds.
 */
const POINTS_LIMIT = 8192;

/**
 * Calls `part` for near-equal stretches of 0 … count, one after another. Near-equal, because a last call with a
 * single point would take another path through the runtime's arithmetic.
 */
export async function inParts(count: number, part: (from: number, to: number) => Promise<void>): Promise<void> {
  const parts = Math.ceil(count / POINTS_LIMIT);
  for (let k = 0; k < parts; k++) await part(Math.floor((k * count) / parts), Math.floor(((k + 1) * count) / parts));
}
