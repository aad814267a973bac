import type { Scene } from '../latent/scene.js';
import type { VideoModel } from '../model/video-model.js';
import { paintBackdrop } from './backdrop.js';
import type { Canvas } from './canvas.js';
import { GROUND_OF_IMAGE, groundOf, paintContactShadow } from './contact-shadow.js';
import { ditheredBytes } from './dither.js';
import { paintImage, type CoverImage } from './image-backdrop.js';
import { paintObject } from './object-layer.js';
import { placementOf } from './placement.js';

/** A moment of a clip, as position and as time: motion follows the one, waves and clouds the other. */
export interface Moment {
  /** 0..1 over the clip. */
  readonly position: number;
  readonly atS: number;
}

/** Paints frames of one clip. */
export class Renderer {
  /** @param image takes the place of the background network. */
  constructor(
    private readonly model: VideoModel,
    private readonly canvas: Canvas,
    private readonly image?: CoverImage,
  ) {}

  /** One frame in rgb24, [height, width, 3]. The same bytes for the same scene and moment. */
  async frame(scene: Scene, moment: Moment): Promise<Buffer> {
    const { canvas, model, image } = this;
    const rgb = new Float32Array(3 * canvas.pixels);
    if (image === undefined) await paintBackdrop(rgb, canvas, model, scene.background, moment.atS);
    else paintImage(rgb, canvas, image, moment.position);
    const ground = image === undefined ? groundOf(scene.background) : GROUND_OF_IMAGE;
    for (const object of scene.objects) {
      if (object.presence <= 0) continue;
      const place = placementOf(object, canvas.aspect, moment.position);
      paintContactShadow(rgb, canvas, ground, place, object.presence);
      await paintObject(rgb, canvas, model, object, place);
    }
    return ditheredBytes(rgb, canvas);
  }
}
