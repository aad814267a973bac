import type { Canvas } from './canvas.js';

/** How much larger than the frame the picture is kept, so that the push-in never shows its edge. */
const MARGIN = 1.08;
/** How far the picture is pushed in at the clip's end. */
const PUSH_IN = 0.075;

/** A decoded picture in rgb24 that covers a canvas with some margin. */
export interface CoverImage {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export function coverSize(canvas: Canvas): { readonly width: number; readonly height: number } {
  return { width: Math.ceil(canvas.width * MARGIN), height: Math.ceil(canvas.height * MARGIN) };
}

/** Where along one axis of the picture each pixel of the canvas looks: the left neighbour and the share of the right. */
interface Sampling {
  readonly left: Int32Array;
  readonly share: Float64Array;
}

function samplingOf(canvasLength: number, imageLength: number, zoom: number): Sampling {
  const step = (zoom * (imageLength - 1)) / (canvasLength - 1);
  const start = ((1 - zoom) * (imageLength - 1)) / 2;
  const left = new Int32Array(canvasLength);
  const share = new Float64Array(canvasLength);
  for (let i = 0; i < canvasLength; i++) {
    const place = start + i * step;
    left[i] = Math.min(imageLength - 2, Math.trunc(place));
    share[i] = place - left[i]!;
  }
  return { left, share };
}

/**
 * Paints the picture into `rgb` ([pixels, 3], 0..1) with a slow push-in, bilinear.
 * @param moment 0..1 over the clip.
 */
export function paintImage(rgb: Float32Array, canvas: Canvas, image: CoverImage, moment: number): void {
  const zoom = 1 - PUSH_IN * moment;
  const across = samplingOf(canvas.width, image.width, zoom);
  const down = samplingOf(canvas.height, image.height, zoom);
  const { rgb: source } = image;
  const rowBytes = 3 * image.width;
  let out = 0;
  for (let j = 0; j < canvas.height; j++) {
    const fy = down.share[j]!;
    const row = down.left[j]! * rowBytes;
    for (let i = 0; i < canvas.width; i++) {
      const fx = across.share[i]!;
      const p = row + 3 * across.left[i]!;
      for (let c = p; c < p + 3; c++) {
        const top = source[c]! * (1 - fx) + source[c + 3]! * fx;
        const bottom = source[c + rowBytes]! * (1 - fx) + source[c + rowBytes + 3]! * fx;
        rgb[out++] = (top * (1 - fy) + bottom * fy) / 255;
      }
    }
  }
}
