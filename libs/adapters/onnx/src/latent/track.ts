import { clamp } from '../clamp.js';

/** Values of one quantity at evenly spaced key frames over the clip. At least two. */
export type Track = readonly number[];

const STEADYING_PASSES = 6;

/**
 * Straightens nearly straight stretches of a track (the model leaves a sub-pixel tremble) and keeps real bends.
 * @param limit second difference above which a bend counts as real, in the track's unit.
 */
export function steadied(track: Track, limit: number): Track {
  let current = track;
  for (let pass = 0; pass < STEADYING_PASSES; pass++) {
    const before = current;
    current = before.map((value, i) => {
      const left = before[i - 1];
      const right = before[i + 1];
      if (left === undefined || right === undefined) return value;
      const bend = left - 2 * value + right;
      return value + 0.25 * bend * Math.exp(-((bend / limit) ** 2));
    });
  }
  return current;
}

/** Catmull-Rom between key frames; `moment` in 0..1 over the clip. */
export function valueAt(track: Track, moment: number): number {
  const position = moment * (track.length - 1);
  const i = Math.min(track.length - 2, Math.floor(position));
  const t = position - i;
  const key = (index: number): number => track[clamp(index, 0, track.length - 1)]!;
  const [a, b, c, d] = [key(i - 1), key(i), key(i + 1), key(i + 2)];
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}
