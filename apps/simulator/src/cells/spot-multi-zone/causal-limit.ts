import {
  countTransitions,
  nextRun,
  RUN_AGE_BINS,
  runState,
  semiMarkovChain,
  type SpotChain,
  type DeadlineJob,
} from '@millrace/capacity/policy';
import type { Rng } from '@millrace/kernel';
import type { ZoneTrace } from '../../traces/zone-traces.js';
import { omniscientCostUsd } from './baselines/omniscient-zones.js';
import { runZoneJob, type ZonePolicy } from './run-zone-job.js';

/** Mean dollars a job on zones whose chances are known, for a policy and for who knows the future. */
export interface CausalLimit {
  readonly causalUsd: number;
  readonly omniscientUsd: number;
}

const WINDOWS = 24;
/** A past so long that a policy which learns from it knows the chances. */
const PAST_TICKS = 4_000;

/**
 * Draws new traces from the semi-Markov chains of the recorded ones and runs `policy` on windows of them. With so long a
 * past it decides by the zones' true chances, which is the best that anyone can do without knowing the future, up to the
 * programme's grid; the rest of the way to the optimum of the same windows can't be had.
 */
export function causalLimit(job: DeadlineJob, traces: readonly ZoneTrace[], policy: ZonePolicy, rng: Rng): CausalLimit {
  const ticks = PAST_TICKS + WINDOWS * job.deadlineTicks;
  const drawn = traces.map((trace) => drawnTrace(trace, ticks, rng));
  let causalUsd = 0;
  let omniscientUsd = 0;
  for (let index = 0; index < WINDOWS; index++) {
    const window = { traces: drawn, firstTick: PAST_TICKS + index * job.deadlineTicks };
    causalUsd += runZoneJob(job, window, policy).costUsd / WINDOWS;
    omniscientUsd += omniscientCostUsd(job, window) / WINDOWS;
  }
  return { causalUsd, omniscientUsd };
}

/** A trace with the chances of `trace`, at its mean price. */
function drawnTrace(trace: ZoneTrace, ticks: number, rng: Rng): ZoneTrace {
  const chain = semiMarkovChain(RUN_AGE_BINS, countTransitions(RUN_AGE_BINS, [trace.available]));
  const price = trace.spotPricePerHour.reduce((sum, each) => sum + each, 0) / trace.spotPricePerHour.length;
  const available = new Uint8Array(ticks);
  let state = runState(RUN_AGE_BINS, nextRun(undefined, trace.available[0] === 1));
  for (let tick = 0; tick < ticks; tick++) {
    available[tick] = chain.on[state] ?? 0;
    state = successor(chain, state, rng.next());
  }
  return { ...trace, available, spotPricePerHour: new Float64Array(ticks).fill(price) };
}

function successor(chain: SpotChain, state: number, draw: number): number {
  let left = draw;
  for (let entry = chain.from[state] ?? 0; entry < (chain.from[state + 1] ?? 0); entry++) {
    left -= chain.chance[entry] ?? 0;
    if (left < 0) return chain.to[entry] ?? state;
  }
  return state;
}
