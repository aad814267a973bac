import { clamp } from '../clamp.js';
import type { Canvas } from './canvas.js';
import type { Placement } from './placement.js';

/** What the ground does to shadows. */
export interface Ground {
  /** 0 none falls … 1 full. */
  readonly strength: number;
  /** y of the line that shadows lie on. */
  readonly line: number;
}

const GROUND_LINE = 0.8;
const DARKEST = 0.42;
/** Fainter shadows are not seen. */
const DARKNESS_FLOOR = 0.01;

/** A picture's ground is not known: half a shadow, on the usual line. */
export const GROUND_OF_IMAGE: Ground = { strength: 0.5, line: GROUND_LINE };

/** @param background the scene's background numbers: 3 the plain sky, 4–7 the kinds none, sea, field, grid. */
export function groundOf(background: Float32Array): Ground {
  const weight = (index: number): number => background[index]! / 2 + 0.25;
  const none = weight(4);
  return {
    strength: clamp(weight(6) + weight(7) + 0.6 * weight(5) + none * weight(3)),
    line: GROUND_LINE - 0.1 * none,
  };
}

/** Darkens `rgb` ([pixels, 3]) on the ground below an object; the higher it floats, the fainter. */
export function paintContactShadow(
  rgb: Float32Array,
  canvas: Canvas,
  ground: Ground,
  place: Placement,
  presence: number,
): void {
  const { x, y, radius } = place;
  const height = Math.max(0, ground.line - y - radius * 0.8);
  const darkness = DARKEST * presence * ground.strength * Math.exp(-0.9 * height);
  if (darkness <= DARKNESS_FLOOR) return;
  const box = canvas.boxAround(x, ground.line, 2 * radius, 0.4 * radius + 0.06);
  for (let j = box.fromRow; j <= box.toRow; j++) {
    const down = ((canvas.rows[j]! - ground.line) / (0.2 * radius + 0.03)) ** 2;
    for (let i = box.fromColumn; i <= box.toColumn; i++) {
      const distance = ((canvas.columns[i]! - x) / radius) ** 2 + down;
      const light = 1 - darkness * Math.exp(-1.2 * distance);
      const at = 3 * (j * canvas.width + i);
      rgb[at]! *= light;
      rgb[at + 1]! *= light;
      rgb[at + 2]! *= light;
    }
  }
}
