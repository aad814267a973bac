import type { SceneObject } from '../latent/scene.js';
import { valueAt } from '../latent/track.js';

/** Where an object is at one moment, in canvas coordinates. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Radians. */
  readonly angle: number;
}

/** @param moment 0..1 over the clip. */
export function placementOf(object: SceneObject, aspect: number, moment: number): Placement {
  return {
    x: valueAt(object.x, moment) * aspect,
    y: valueAt(object.y, moment),
    radius: Math.exp(valueAt(object.logRadius, moment)) * Math.min(1, aspect),
    angle: valueAt(object.angle, moment),
  };
}
