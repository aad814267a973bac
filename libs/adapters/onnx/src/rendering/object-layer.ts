import type { SceneObject } from '../latent/scene.js';
import type { VideoModel } from '../model/video-model.js';
import type { Canvas } from './canvas.js';
import { inParts } from './in-parts.js';
import type { Placement } from './placement.js';

/** The networks know shapes within this many radii. */
const REACH_RADII = 1.265;

/** Paints an object over `rgb` ([pixels, 3]): the object network colours and shades the pixels that it may cover. */
export async function paintObject(
  rgb: Float32Array,
  canvas: Canvas,
  model: VideoModel,
  object: SceneObject,
  place: Placement,
): Promise<void> {
  const covered = pixelsWithin(canvas, place, REACH_RADII * place.radius);
  const { x, y, radius, angle } = place;
  const fixed = {
    pose: { values: Float32Array.of(x, y, radius, Math.cos(angle), Math.sin(angle)), shape: [5] },
    code: { values: object.code, shape: [object.code.length] },
    rgb: { values: object.rgb, shape: [object.rgb.length] },
    foot: { values: Float32Array.of(canvas.foot), shape: [1] },
  };
  await inParts(covered.indices.length, async (from, to) => {
    const xy = { values: covered.points.subarray(2 * from, 2 * to), shape: [to - from, 2] };
    const rgba = await model.object.run({ xy, ...fixed });
    blend(rgb, covered.indices.subarray(from, to), rgba, object.presence);
  });
}

interface CoveredPixels {
  readonly indices: Int32Array;
  /** (x, y) of each. */
  readonly points: Float32Array;
}

function pixelsWithin(canvas: Canvas, { x, y }: Placement, reach: number): CoveredPixels {
  const box = canvas.boxAround(x, y, reach, reach);
  const limit = Math.max(0, box.toColumn - box.fromColumn + 1) * Math.max(0, box.toRow - box.fromRow + 1);
  const indices = new Int32Array(limit);
  const points = new Float32Array(2 * limit);
  const reachSquared = reach ** 2;
  let count = 0;
  for (let j = box.fromRow; j <= box.toRow; j++) {
    const py = canvas.rows[j]!;
    const down = (py - y) ** 2;
    for (let i = box.fromColumn; i <= box.toColumn; i++) {
      const px = canvas.columns[i]!;
      if ((px - x) ** 2 + down >= reachSquared) continue;
      points[2 * count] = px;
      points[2 * count + 1] = py;
      indices[count++] = j * canvas.width + i;
    }
  }
  return { indices: indices.subarray(0, count), points: points.subarray(0, 2 * count) };
}

function blend(rgb: Float32Array, indices: Int32Array, rgba: Float32Array, presence: number): void {
  for (let k = 0; k < indices.length; k++) {
    const opacity = rgba[4 * k + 3]! * presence;
    if (opacity <= 0) continue;
    const at = 3 * indices[k]!;
    for (let c = 0; c < 3; c++) rgb[at + c]! += (rgba[4 * k + c]! - rgb[at + c]!) * opacity;
  }
}
