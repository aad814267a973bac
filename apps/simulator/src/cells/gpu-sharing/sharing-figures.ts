import { seededRng } from '@millrace/kernel';
import { allocatedPercent, type SharingPolicy } from './sharing-simulation.js';
import { drawArrivals, type SharingWorkload } from './sharing-workload.js';

/** Seeds of the specification: 42 to 51. */
const SEEDS: readonly number[] = Array.from({ length: 10 }, (_, at) => 42 + at);
/** GPU demand that arrives ÷ GPUs of the cluster. */
const ARRIVED_RATIO = 1.3;

/** Allocated share in percent, one figure a seed: every policy meets the same tasks in the same order. */
export function allocatedBySeed(workload: SharingWorkload, policy: SharingPolicy): readonly number[] {
  return SEEDS.map((seed) => {
    const rng = seededRng(seed);
    return allocatedPercent(workload, drawArrivals(workload, ARRIVED_RATIO, rng), policy, rng);
  });
}
