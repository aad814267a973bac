import type { Rng } from '@millrace/kernel';

/** How long something takes, in milliseconds. */
export type Distribution =
  | { readonly kind: 'constant'; readonly valueMs: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  /** Exponential: lives of machines, gaps between arrivals. */
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** Log-normal by its median and its 90th percentile: service times, boot times. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly p90Ms: number }
  /** Drawn from these, each as likely as the others. */
  | { readonly kind: 'samples'; readonly samplesMs: readonly number[] };

/** The 90th percentile of the standard normal distribution. */
const NORMAL_P90 = 1.2815515655446004;
const TWO_PI = 2 * Math.PI;

/** One draw, in milliseconds. */
export function draw(distribution: Distribution, rng: Rng): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.valueMs;
    case 'uniform':
      return distribution.minMs + rng.next() * (distribution.maxMs - distribution.minMs);
    case 'exponential':
      return -distribution.meanMs * Math.log(1 - rng.next());
    case 'lognormal': {
      const sigma = Math.log(distribution.p90Ms / distribution.medianMs) / NORMAL_P90;
      return distribution.medianMs * Math.exp(sigma * drawNormal(rng));
    }
    case 'samples':
      return distribution.samplesMs[Math.floor(rng.next() * distribution.samplesMs.length)] ?? 0;
  }
}

/** The value that half of the draws are below, in milliseconds. */
export function medianOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.valueMs;
    case 'uniform':
      return (distribution.minMs + distribution.maxMs) / 2;
    case 'exponential':
      return distribution.meanMs * Math.LN2;
    case 'lognormal':
      return distribution.medianMs;
    case 'samples':
      return distribution.samplesMs.toSorted((a, b) => a - b)[Math.floor(distribution.samplesMs.length / 2)] ?? 0;
  }
}

/** Standard normal (Box and Muller 1958). */
function drawNormal(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - rng.next()));
  return radius * Math.cos(TWO_PI * rng.next());
}
