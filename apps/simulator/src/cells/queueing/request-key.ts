import type { ProfileFigure, RunKey } from '@millrace/scheduling/policy';
import type { DiffusionRequest } from '../../traces/diffusion-requests.js';

export const REQUEST_POOL = 'gpus';

/** What the length of a request is predicted from: images of one prompt count as frames. */
export function requestKey({ pipeline, model, steps, images }: DiffusionRequest): RunKey {
  return { taskType: pipeline, resolution: null, frames: images, steps, model, pool: REQUEST_POOL };
}

/** Before there is any history: a second a step, up to twice that. */
export function requestProfile({ steps }: RunKey): ProfileFigure {
  return { p50GpuSeconds: steps ?? 1, p90GpuSeconds: 2 * (steps ?? 1) };
}
