import type { Canvas } from './canvas.js';

/** Thresholds of a 4 × 4 ordered dither. */
const BAYER = Float64Array.from([0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5], (v) => (v + 0.5) / 16);

/** Rounds colours of 0..1 to bytes, with an ordered dither against banding. Returns rgb24. */
export function ditheredBytes(rgb: Float32Array, canvas: Canvas): Buffer {
  const bytes = Buffer.allocUnsafe(canvas.frameBytes);
  let at = 0;
  for (let j = 0; j < canvas.height; j++) {
    const row = (j & 3) << 2;
    for (let i = 0; i < canvas.width; i++) {
      const threshold = BAYER[row + (i & 3)]!;
      for (const end = at + 3; at < end; at++) {
        const value = rgb[at]! * 255 + threshold;
        bytes[at] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return bytes;
}
