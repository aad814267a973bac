import type { GenerationJob } from '@millrace/execution/ports';
import { clamp } from './clamp.js';
import { engineInputInvalid } from './engine-errors.js';
import type { PictureSize } from './video/picture-arguments.js';

export const FRAMES_PER_SECOND = 24;
/** A minute of frames is what a run's memory and checkpoints are made for. */
const DURATION_LIMIT_S = 60;
const SIDE_MIN = 32;
const SIDE_LIMIT = 4096;
const FRAMES_MIN = 2;

/** What a job comes to: how many steps of which kind, in which sizes. */
export interface ClipPlan {
  readonly denoisingSteps: number;
  readonly frames: number;
  /** Size that frames are painted in; the encoder brings them to the video's size. */
  readonly paintSize: PictureSize;
  readonly videoSize: PictureSize;
}

export interface PlanLimits {
  readonly steps: { readonly min: number; readonly max: number };
  /** Frames are painted with at most so many lines. */
  readonly renderHeight: number;
}

/**
 * Steps outside the sampler's range count as its nearest limit.
 * Errors: `engine_input_invalid` for a size, duration or seed that no video can have.
 */
export function planClip(job: GenerationJob, limits: PlanLimits): ClipPlan {
  assertVideoSize(job.resolution);
  if (!(job.durationS > 0 && job.durationS <= DURATION_LIMIT_S)) {
    throw engineInputInvalid('/durationS', `The duration must be above 0 and at most ${DURATION_LIMIT_S} seconds.`);
  }
  if (!Number.isSafeInteger(job.seed)) throw engineInputInvalid('/seed', 'The seed must be a whole number.');
  if (!Number.isFinite(job.steps)) throw engineInputInvalid('/steps', 'The steps must be a number.');
  return {
    denoisingSteps: clamp(Math.round(job.steps), limits.steps.min, limits.steps.max),
    frames: Math.max(FRAMES_MIN, Math.round(job.durationS * FRAMES_PER_SECOND)),
    paintSize: paintSizeOf(job.resolution, limits.renderHeight),
    videoSize: job.resolution,
  };
}

export function totalStepsOf(plan: ClipPlan): number {
  return plan.denoisingSteps + plan.frames;
}

function assertVideoSize({ width, height }: PictureSize): void {
  for (const side of [width, height]) {
    if (Number.isInteger(side) && side % 2 === 0 && side >= SIDE_MIN && side <= SIDE_LIMIT) continue;
    throw engineInputInvalid('/resolution', `Each side must be an even number from ${SIDE_MIN} to ${SIDE_LIMIT}.`);
  }
}

/** Even sides, the video's aspect. */
function paintSizeOf({ width, height }: PictureSize, renderHeight: number): PictureSize {
  const lines = 2 * Math.floor(Math.min(renderHeight, height) / 2);
  return { width: Math.max(2, 2 * Math.round((lines * width) / height / 2)), height: lines };
}
