import { invariant } from '@millrace/kernel';
import type { DeadlineJob } from '../spot/deadline-job.js';
import { JOINT_STATES_MAX, jointChain } from './joint-chain.js';
import { longRunShare, regimeChain } from './regime-chain.js';
import { FINE_ZONES_MAX, RegimeWatch, ZONES_TRACKED_MAX, type RegimeFit } from './spot-regimes.js';
import {
  cheapestSpotZone,
  guardedZone,
  onDemandPricePerHour,
  zoneTickPrice,
  type ZoneMode,
  type ZoneOffer,
  type ZoneView,
} from './zone-job.js';
import { ZoneLookahead } from './zone-lookahead.js';
import { FIRST_ZONE, IDLE, ON_DEMAND, programmeCells, PROGRAMME_CELLS_MAX, ZoneProgramme } from './zone-programme.js';

/** Why a tick is run as it is: one vocabulary for log, metric and report. */
export const ZONE_REASONS = {
  keepSpot: 'the Spot instance is kept',
  takeSpot: 'Spot capacity of this zone is worth a changeover',
  moveSpot: 'another zone is worth a changeover from the one that runs',
  wait: 'waiting for Spot capacity costs less than running now',
  cover: 'work goes on at the on-demand price, so that slack is left for later changeovers',
  holdOnDemand: 'Spot capacity is there, but not for long enough to pay the changeover',
  deadline: 'only on-demand capacity still keeps the deadline for certain',
} as const;
export type ZoneReason = keyof typeof ZONE_REASONS;

export interface ZoneDecision {
  readonly choice: ZoneMode;
  readonly reason: ZoneReason;
}

/**
 * A programme answers for at most this many ticks; then it is solved again with what has been seen since. Half and one and
 * a half times as many cost the same to within 0.2 %.
 */
const PLAN_TICKS = 72;

/** A programme is solved again when a price has moved by more than this share of itself. */
const PRICE_MOVE_SHARE = 0.05;

/**
 * A zone loses Spot capacity for good, as far as a job goes, once in so many ticks (four weeks of ten minutes); all zones
 * do so the more rarely, the more there are. Without it a programme trusts its chances to hold for days and lets a sure
 * tick of Spot go for a slightly longer run later. On zones and windows that cell S does not report a fifth of the chance
 * costs 0.5 % of a job, twice as much or more than that gains less than 0.1 %.
 */
const LOSS_TICKS_PER_ZONE = 4_000;

interface Plan {
  readonly tick: number;
  /** Indices of the zones that the programme knows. */
  readonly zones: readonly number[];
  readonly lookahead: ZoneLookahead;
  readonly spotPrices: readonly number[];
  readonly onDemandPrice: number;
}

/**
 * The Spot policy of scheduling.md section 1 for one job over several zones: a semi-Markov stochastic dynamic programme
 * over the zones' joint regimes, under the hard deadline guard (ADR-0019).
 *
 * A zone's chances start from the fit and follow what the zone has shown since it is watched. Zones change independently
 * of each other, and a price is expected to stay what it is. Of more than four zones a programme knows those that are on
 * and then those of the most worth, and is made anew when only others are on. While a job is too long for a programme it
 * keeps the Spot zone that runs, else takes the cheapest, else waits, under the same guard. It sees only the past: `observe` the ticks
 * before the job where they are known, then `decide` each tick in order. The same sequence of calls gives the same
 * decisions, so that a planner can be made again after a restart.
 */
export class ZonePlanner {
  private readonly watches: readonly RegimeWatch[];
  private readonly zonesTracked: number;
  /** Joint states of the zones that a programme tells apart. */
  private readonly joints: number;
  private plan: Plan | undefined;

  /** @throws where the job's ticks are not those of the fit, or the fit has too many states for so many zones. */
  constructor(
    fit: RegimeFit,
    private readonly job: DeadlineJob,
    zones: number,
  ) {
    invariant(zones > 0, 'a job needs a zone at least');
    invariant(job.tickSeconds === fit.tickSeconds, `the fit is for ticks of ${fit.tickSeconds} s`);
    const regimes = zones > FINE_ZONES_MAX ? fit.coarse : fit.fine;
    this.zonesTracked = Math.min(zones, ZONES_TRACKED_MAX);
    this.joints = regimes.chances.length ** this.zonesTracked;
    invariant(this.joints <= JOINT_STATES_MAX, `the fit has ${this.joints} joint states, more than can be solved`);
    this.watches = Array.from({ length: zones }, () => new RegimeWatch(regimes));
  }

  /** Learns from a tick: for each zone whether capacity is there. `decide` does so for its own tick. */
  observe(available: readonly boolean[]): void {
    const { watches } = this;
    invariant(available.length === watches.length, `${watches.length} zones are known, ${available.length} given`);
    watches.forEach((watch, zone) => watch.observe(available[zone] === true));
  }

  /** What to run in this tick. Call it once a tick, in order. */
  decide(view: ZoneView): ZoneDecision {
    this.observe(view.offers.map(({ spotAvailable }) => spotAvailable));
    const choice = guardedZone(this.job, view, this.wanted(view));
    return { choice, reason: reasonOf(this.job, view, choice) };
  }

  private wanted(view: ZoneView): ZoneMode {
    const plan = this.planFor(view);
    if (plan === undefined) return wantedUnplanned(view);
    const { zones, lookahead } = plan;
    const { job } = this;
    const spotModes = zones.flatMap((zone, index) =>
      view.offers[zone]?.spotAvailable === true ? FIRST_ZONE + index : [],
    );
    const best = lookahead.best({
      ...this.standOf(view),
      running: modeNumber(zones, view.mode),
      pendingTicks: view.pendingSeconds / job.tickSeconds,
      changeoverTicks: job.changeoverSeconds / job.tickSeconds,
      tickUsd: [
        0,
        zoneTickPrice(job, view.offers, 'onDemand'),
        ...zones.map((zone) => zoneTickPrice(job, view.offers, zone)),
      ],
      modes: [IDLE, ON_DEMAND, ...spotModes],
    });
    if (best === IDLE) return 'idle';
    return best === ON_DEMAND ? 'onDemand' : (zones[best - FIRST_ZONE] ?? 'idle');
  }

  private standOf(view: ZoneView): { readonly workTicks: number; readonly slackTicks: number } {
    const workTicks = view.workLeftSeconds / this.job.tickSeconds;
    return { workTicks, slackTicks: Math.max(0, this.job.deadlineTicks - view.tick - workTicks) };
  }

  /** The plan to go by, if the job is short enough for one by now. */
  private planFor(view: ZoneView): Plan | undefined {
    const plan = this.plan;
    const holds = plan !== undefined && view.tick - plan.tick < PLAN_TICKS && !this.pricesMoved(plan, view.offers);
    const knowsMode = typeof view.mode !== 'number' || plan?.zones.includes(view.mode) === true;
    if (holds && knowsMode && !onlyOthersAreOn(plan.zones, view.offers)) return plan;
    const fits = programmeCells(this.standOf(view), this.zonesTracked, this.joints) <= PROGRAMME_CELLS_MAX;
    this.plan = fits ? this.solve(view) : undefined;
    return this.plan;
  }

  private pricesMoved(plan: Plan, offers: readonly ZoneOffer[]): boolean {
    const moved = (then: number, now: number): boolean => Math.abs(now - then) > PRICE_MOVE_SHARE * then;
    if (moved(plan.onDemandPrice, onDemandPricePerHour(offers))) return true;
    return plan.zones.some((zone, index) => moved(plan.spotPrices[index] ?? 0, offers[zone]?.spotPricePerHour ?? 0));
  }

  private solve(view: ZoneView): Plan {
    const { job, watches } = this;
    const chains = watches.map(regimeChain);
    const onDemandPrice = onDemandPricePerHour(view.offers);
    const worth = chains.map(
      (chain, zone) => longRunShare(chain) * (onDemandPrice - (view.offers[zone]?.spotPricePerHour ?? 0)),
    );
    const zones = tracked(worth, view);
    const chain = jointChain(zones.flatMap((zone) => chains[zone] ?? []));
    const spotPrices = zones.map((zone) => view.offers[zone]?.spotPricePerHour ?? Infinity);
    const hours = job.tickSeconds / 3600;
    const programme = new ZoneProgramme({
      chain,
      spotPrices: spotPrices.map((price) => price * hours),
      onDemandPrice: onDemandPrice * hours,
      changeoverTicks: job.changeoverSeconds / job.tickSeconds,
      lossChance: 1 / (LOSS_TICKS_PER_ZONE * zones.length),
      ...this.standOf(view),
      horizonTicks: PLAN_TICKS,
    });
    const lookahead = new ZoneLookahead(
      programme,
      chain,
      zones.flatMap((zone) => watches[zone] ?? []),
    );
    return { tick: view.tick, zones, lookahead, spotPrices, onDemandPrice };
  }
}

/** The Spot zone that runs while it is there, else the cheapest; nothing where none costs less than on-demand. */
function wantedUnplanned({ mode, offers }: ZoneView): ZoneMode {
  if (typeof mode === 'number' && isCheapNow(mode, offers)) return mode;
  const cheapest = cheapestSpotZone(offers);
  return cheapest !== undefined && isCheapNow(cheapest, offers) ? cheapest : 'idle';
}

/** Indices of the zones to plan with, in their own order: what runs, what is on and cheap, and what is of the most worth. */
function tracked(worth: readonly number[], { mode, offers }: ZoneView): readonly number[] {
  const rank = worth.map((_, zone) => (zone === mode ? 2 : isCheapNow(zone, offers) ? 1 : 0));
  const byRank = (a: number, b: number): number => (rank[b] ?? 0) - (rank[a] ?? 0);
  const ranked = worth
    .map((_, zone) => zone)
    .sort((a, b) => byRank(a, b) || (worth[b] ?? 0) - (worth[a] ?? 0) || a - b);
  return ranked.slice(0, ZONES_TRACKED_MAX).sort((a, b) => a - b);
}

/** No zone of `zones` has capacity, and another has it for less than on-demand. */
function onlyOthersAreOn(zones: readonly number[], offers: readonly ZoneOffer[]): boolean {
  if (zones.length === offers.length || zones.some((zone) => offers[zone]?.spotAvailable === true)) return false;
  return offers.some((_, zone) => isCheapNow(zone, offers));
}

function isCheapNow(zone: number, offers: readonly ZoneOffer[]): boolean {
  const offer = offers[zone];
  return offer?.spotAvailable === true && offer.spotPricePerHour < onDemandPricePerHour(offers);
}

function modeNumber(zones: readonly number[], mode: ZoneMode): number {
  if (mode === 'idle') return IDLE;
  return mode === 'onDemand' ? ON_DEMAND : FIRST_ZONE + zones.indexOf(mode);
}

function reasonOf(job: DeadlineJob, view: ZoneView, choice: ZoneMode): ZoneReason {
  if (choice === 'idle') return 'wait';
  if (choice === view.mode && choice !== 'onDemand') return 'keepSpot';
  if (choice !== 'onDemand') return typeof view.mode === 'number' ? 'moveSpot' : 'takeSpot';
  const spot = view.offers.findIndex(({ spotAvailable }) => spotAvailable);
  if (guardedZone(job, view, spot < 0 ? 'idle' : spot) === 'onDemand') return 'deadline';
  return spot < 0 ? 'cover' : 'holdOnDemand';
}
