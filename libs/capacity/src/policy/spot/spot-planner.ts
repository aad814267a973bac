import { invariant } from '@millrace/kernel';
import {
  chainAtLevel,
  END_RATE_LEVELS,
  expectedLevel,
  NO_EVIDENCE,
  stateOf,
  weighEnd,
  type EndRateEvidence,
} from './end-rate.js';
import { jobGrid, phaseIndex, slackOf } from './job-grid.js';
import { nextRun, type SpotRun } from './run-age.js';
import { guardedSpot, tickPrice, type SpotJob, type SpotMode, type SpotView } from './spot-job.js';
import type { SpotFit } from './spot-fit.js';
import { chosenBy, solveSpotProgramme, type SpotProgramme } from './spot-programme.js';

/** Why a tick is run as it is: one vocabulary for log, metric and report. */
export const SPOT_REASONS = {
  keepSpot: 'the Spot instance is kept',
  takeSpot: 'Spot capacity is worth a changeover',
  wait: 'waiting for Spot capacity costs less than running now',
  cover: 'work goes on at the on-demand price, so that slack is left for later changeovers',
  holdOnDemand: 'Spot capacity is there, but not for long enough to pay the changeover',
  deadline: 'only on-demand capacity still keeps the deadline for certain',
} as const;
export type SpotReason = keyof typeof SPOT_REASONS;

export interface SpotDecision {
  readonly choice: SpotMode;
  readonly reason: SpotReason;
  /** What the decision takes a run of capacity to end at: multiples of the fit's rate. */
  readonly endRateMultiple: number;
}

/** What has been seen of a zone so far. Start from `NOTHING_SEEN`; give it the zone's past where there is one. */
export interface SpotMemory {
  readonly run: SpotRun | undefined;
  readonly evidence: EndRateEvidence;
}

export const NOTHING_SEEN: SpotMemory = { run: undefined, evidence: NO_EVIDENCE };

/** What solved programmes may take together; the one used longest ago goes first, and one may always stay. */
const PROGRAMMES_BYTES_MAX = 128 * 2 ** 20;

/**
 * The Spot policy of scheduling.md section 1 for one zone: a semi-Markov stochastic dynamic programme whose figures
 * follow the zone's own past, under the hard deadline guard.
 *
 * Runs of capacity end at the fit's rates by age and last run times one multiple, which is learnt while ticks go by (a frailty
 * model); the programme of the nearest level decides. It sees only the past. A decision depends on fit, job, view and
 * memory alone: the programmes that the planner keeps are those it would solve again.
 */
export class SpotPlanner {
  private readonly programmes = new Map<string, SpotProgramme>();

  constructor(private readonly fit: SpotFit) {}

  /** Memory after one more tick. Call it once a tick, before `decide`. */
  observe(memory: SpotMemory, spotAvailable: boolean): SpotMemory {
    const { run, evidence } = memory;
    return {
      run: nextRun(run, spotAvailable),
      evidence: run === undefined ? evidence : weighEnd(this.fit, evidence, run, run.on !== spotAvailable),
    };
  }

  /** What to run in this tick; `memory` has seen it. Throws where the job's ticks are not those of the fit. */
  decide(job: SpotJob, view: SpotView, memory: SpotMemory): SpotDecision {
    invariant(job.tickSeconds === this.fit.tickSeconds, `the fit is for ticks of ${this.fit.tickSeconds} s`);
    invariant(memory.run?.on === view.spotAvailable, 'the memory has not seen this tick');
    const level = expectedLevel(this.fit, memory.evidence);
    const programme = this.programmeOf(job, level);
    const slack = slackOf(programme.grid, view.tick, view.workLeftSeconds);
    const phase = phaseIndex(programme.grid, view.mode, view.pendingSeconds);
    const wanted = chosenBy(programme, view.tick, slack, phase, stateOf(this.fit, memory.run));
    const choice = guardedSpot(job, view, wanted);
    return { choice, reason: reasonOf(job, view, choice), endRateMultiple: Math.exp(level) };
  }

  /** The programme of a job shape at a level, kept by (job, d, prices, level). */
  private programmeOf(job: SpotJob, level: number): SpotProgramme {
    const key = [
      END_RATE_LEVELS.indexOf(level),
      job.deadlineTicks,
      job.workSeconds,
      job.changeoverSeconds,
      job.spotPricePerHour,
      job.onDemandPricePerHour,
    ].join(' ');
    const kept = this.programmes.get(key);
    const programme = kept ?? this.solve(job, level);
    this.programmes.delete(key);
    this.programmes.set(key, programme);
    if (kept === undefined) this.evict();
    return programme;
  }

  private evict(): void {
    let bytes = 0;
    for (const { best } of this.programmes.values()) bytes += best.byteLength;
    for (const [key, { best }] of this.programmes) {
      if (bytes <= PROGRAMMES_BYTES_MAX || this.programmes.size === 1) return;
      this.programmes.delete(key);
      bytes -= best.byteLength;
    }
  }

  private solve(job: SpotJob, level: number): SpotProgramme {
    const prices = [0, tickPrice(job, 'spot'), tickPrice(job, 'onDemand')] as const;
    return solveSpotProgramme(jobGrid(job), chainAtLevel(this.fit, level), prices);
  }
}

function reasonOf(job: SpotJob, view: SpotView, choice: SpotMode): SpotReason {
  if (choice === 'idle') return 'wait';
  if (choice === 'spot') return view.mode === 'spot' ? 'keepSpot' : 'takeSpot';
  const other = view.spotAvailable ? 'spot' : 'idle';
  if (guardedSpot(job, view, other) === 'onDemand') return 'deadline';
  return view.spotAvailable ? 'holdOnDemand' : 'cover';
}
