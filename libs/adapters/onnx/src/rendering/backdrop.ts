import type { VideoModel } from '../model/video-model.js';
import type { Canvas } from './canvas.js';
import { inParts } from './in-parts.js';

/**
 * Paints sky, disc and ground into `rgb` ([pixels, 3], 0..1).
 * @param background the scene's background numbers.
 * @param atS seconds since the clip's start.
 */
export async function paintBackdrop(
  rgb: Float32Array,
  canvas: Canvas,
  model: VideoModel,
  background: Float32Array,
  atS: number,
): Promise<void> {
  const fixed = {
    bg: { values: background, shape: [background.length] },
    t: { values: Float32Array.of(atS), shape: [1] },
    foot: { values: Float32Array.of(canvas.foot), shape: [1] },
  };
  await inParts(canvas.pixels, async (from, to) => {
    const xy = { values: canvas.points.subarray(2 * from, 2 * to), shape: [to - from, 2] };
    rgb.set(await model.background.run({ xy, ...fixed }), 3 * from);
  });
}
