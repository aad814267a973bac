type FlatArray = Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float64Array;

/** `to`, which has room for it, with all of `from` at its start: how a flat array grows. */
export function widened<Flat extends FlatArray>(from: Flat, to: Flat): Flat {
  to.set(from);
  return to;
}
