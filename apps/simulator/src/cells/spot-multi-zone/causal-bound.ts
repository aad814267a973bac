import { fitRegimes, type DeadlineJob, type RegimeFit } from '@millrace/capacity/policy';
import type { Rng } from '@millrace/kernel';
import type { ZoneTrace } from '../../traces/zone-traces.js';
import { omniscientCostUsd } from './baselines/omniscient-zones.js';
import { runZoneJob, type ZonePolicy } from './run-zone-job.js';

/** Mean dollars a job on drawn zones, for a policy that knows their chances and for who knows the future. */
export interface CausalBound {
  readonly causalUsd: number;
  readonly omniscientUsd: number;
  readonly windows: number;
}

/** Windows that are drawn, by the number of zones: a programme of three takes many times as long as one of two. */
const WINDOWS: readonly number[] = [24, 24, 8];
/** Zones that the bound is worked out for at most. */
export const BOUND_ZONES_MAX = WINDOWS.length;
/** A past so long that a policy which learns from it knows the chances. */
const PAST_TICKS = 4_000;

/**
 * Draws new traces from regimes that are fitted to the recorded ones, zone by zone, and runs a policy on windows of them.
 * The policy is given the regimes of these zones together and watches each for so long a past that it knows the zone's
 * chances; it is not told the regime of a tick. Its programme is an approximation, so that what it pays is an upper bound
 * of what a causal policy must pay on traces of this model: what such a policy can reach lies between that and the
 * optimum of the same windows. Of the recorded zones it says as much as the model does.
 */
export function causalBound(
  job: DeadlineJob,
  traces: readonly ZoneTrace[],
  policyOf: (fit: RegimeFit) => ZonePolicy,
  rng: Rng,
): CausalBound {
  const windows = WINDOWS[traces.length - 1] ?? 0;
  const policy = policyOf(
    fitRegimes(
      traces.map(({ available }) => [available]),
      job.tickSeconds,
    ),
  );
  const drawn = traces.map((trace) => drawnTrace(trace, PAST_TICKS + windows * job.deadlineTicks, rng));
  let causalUsd = 0;
  let omniscientUsd = 0;
  for (let index = 0; index < windows; index++) {
    const window = { traces: drawn, firstTick: PAST_TICKS + index * job.deadlineTicks };
    causalUsd += runZoneJob(job, window, policy).costUsd / windows;
    omniscientUsd += omniscientCostUsd(job, window) / windows;
  }
  return { causalUsd, omniscientUsd, windows };
}

/** A trace with the regimes of `trace`, at its mean price. */
function drawnTrace(trace: ZoneTrace, ticks: number, rng: Rng): ZoneTrace {
  const { fine } = fitRegimes([[trace.available]], trace.tickSeconds);
  const price = trace.spotPricePerHour.reduce((sum, each) => sum + each, 0) / trace.spotPricePerHour.length;
  const available = new Uint8Array(ticks);
  let state = drawnFrom(fine.startShares, rng.next());
  for (let tick = 0; tick < ticks; tick++) {
    available[tick] = state >= fine.offStates ? 1 : 0;
    state = drawnFrom(fine.chances[state] ?? [], rng.next());
  }
  return { ...trace, available, spotPricePerHour: new Float64Array(ticks).fill(price) };
}

/** An index, as often as its share says. */
function drawnFrom(shares: readonly number[], draw: number): number {
  let left = draw;
  const index = shares.findIndex((share) => (left -= share) < 0);
  return index < 0 ? shares.length - 1 : index;
}
