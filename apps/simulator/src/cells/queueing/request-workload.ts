import { seededRng, type Rng } from '@millrace/kernel';
import type { DiffusionRequest } from '../../traces/diffusion-requests.js';

/** GPUs that serve the requests (scheduling.md section 2, cell Q). */
export const REQUEST_GPUS = 32;

/** A request in the simulation. The seconds are the truth; a policy that is no oracle doesn't look at them. */
export interface RequestJob {
  /** Place in order of arrival. */
  readonly index: number;
  readonly arrivalSeconds: number;
  readonly serviceSeconds: number;
  /** What it takes to load its model on a GPU with another, and to change the pipeline on one that has the model. */
  readonly modelLoadSeconds: number;
  readonly pipelineSwitchSeconds: number;
  readonly request: DiffusionRequest;
}

/** Lognormal by its median and its 90th percentile. */
interface Spread {
  readonly p50: number;
  readonly p90: number;
}

const MODEL_LOAD: Spread = { p50: 22.7, p90: 42.0 };
const PIPELINE_SWITCH: Spread = { p50: 8.5, p90: 26.8 };
const P90_DEVIATIONS = 1.2815515655446004;
/** One seed for all policies and loads: a request costs the same to get ready for whoever serves it. */
const SWITCH_SEED = 20241115;

/**
 * The trace compressed in time (every gap by the same factor) so that its service alone keeps `gpus` GPUs busy for a
 * share `load` of the time from the first request to the last.
 */
export function requestWorkload(
  requests: readonly DiffusionRequest[],
  load: number,
  gpus: number,
): readonly RequestJob[] {
  const sorted = requests.toSorted((a, b) => a.createdSeconds - b.createdSeconds);
  const first = sorted[0]?.createdSeconds ?? 0;
  const span = (sorted.at(-1)?.createdSeconds ?? 0) - first;
  const service = sorted.reduce((sum, { serviceSeconds }) => sum + serviceSeconds, 0);
  const factor = span === 0 ? 0 : service / (gpus * load) / span;
  const rng = seededRng(SWITCH_SEED);
  return sorted.map((request, index) => ({
    index,
    arrivalSeconds: (request.createdSeconds - first) * factor,
    serviceSeconds: request.serviceSeconds,
    modelLoadSeconds: lognormal(rng, MODEL_LOAD),
    pipelineSwitchSeconds: lognormal(rng, PIPELINE_SWITCH),
    request,
  }));
}

function lognormal(rng: Rng, { p50, p90 }: Spread): number {
  return p50 * (p90 / p50) ** (standardNormal(rng) / P90_DEVIATIONS);
}

/** Box and Muller, 1958. */
function standardNormal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next());
}
