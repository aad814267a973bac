import type { JointChain } from './joint-chain.js';
import type { RegimeOutcome, RegimeWatch } from './spot-regimes.js';
import { FIRST_ZONE, IDLE, ON_DEMAND, type ZoneProgramme, type ZoneStand } from './zone-programme.js';

/** Joint states that are less likely than this move no decision, */
const LEAST_SHARE = 0.002;
/** if they are also less likely than this part of the likeliest one: where all are unlikely, all count. */
const LEAST_OF_LIKELIEST = 0.15;

/** A job between ticks, and what each mode costs a tick in this one: on-demand after idle, then each zone in order. */
export interface JobTick extends Omit<ZoneStand, 'joint'> {
  readonly changeoverTicks: number;
  readonly tickUsd: readonly number[];
  /** Modes that can be had. */
  readonly modes: readonly number[];
}

/** What one zone may show in the next tick. */
type NextTick = readonly RegimeOutcome[];

/** What all zones may show in the next tick together. */
interface NextView {
  readonly chance: number;
  readonly outcomes: NextTick;
}

/**
 * Looks one tick ahead by what is believed of each zone, and from there by a programme that is told the regimes (the QMDP
 * rule of Littman, Cassandra and Kaelbling 1995, one step deeper). What capacity shows does not hang on what the job does,
 * so that belief needs no more of the programme; the step keeps it from counting on being told the regime in a tick.
 */
export class ZoneLookahead {
  constructor(
    private readonly programme: ZoneProgramme,
    private readonly chain: JointChain,
    /** Those of the chain, in its order. */
    private readonly watches: readonly RegimeWatch[],
  ) {}

  /** The mode of the least expected cost; what runs wins a tie. */
  best(job: JobTick): number {
    const now = this.joints(this.watches.map(({ belief }) => belief));
    const views = this.nextViews();
    let best = IDLE;
    let least = Infinity;
    for (const mode of [job.running, ...job.modes]) {
      if (!job.modes.includes(mode) || this.mean(job, now, mode) === Infinity) continue;
      const cost = this.cost(job, mode, views);
      if (cost >= least) continue;
      best = mode;
      least = cost;
    }
    return best;
  }

  /** Dollars of a tick of `mode` and of the best choices after it. */
  private cost(job: JobTick, mode: number, views: readonly NextView[]): number {
    const idle = mode === IDLE;
    const pending = mode === job.running ? job.pendingTicks : job.changeoverTicks;
    const workTicks = idle ? job.workTicks : job.workTicks - Math.max(0, 1 - pending);
    const price = job.tickUsd[mode] ?? Infinity;
    if (workTicks <= 0) return price;
    const slackTicks = job.slackTicks - (idle ? 1 : Math.min(1, pending));
    // A Spot instance that is lost by then is no choice of that tick, so that what it has pending does not count.
    const stand = { workTicks, slackTicks, running: mode, pendingTicks: idle ? 0 : Math.max(0, pending - 1) };
    return views.reduce((sum, { chance, outcomes }) => sum + chance * this.value(stand, outcomes), price);
  }

  /** Dollars of the best mode in the next tick, and from there on. */
  private value(stand: Omit<ZoneStand, 'joint'>, outcomes: NextTick): number {
    const joints = this.joints(outcomes.map(({ belief }) => belief));
    let least = Infinity;
    for (let mode = IDLE; mode < FIRST_ZONE + outcomes.length; mode++) {
      if (mode > ON_DEMAND && outcomes[mode - FIRST_ZONE]?.on !== true) continue;
      least = Math.min(least, this.mean(stand, joints, mode));
    }
    return least;
  }

  /** The programme's cost of a mode over what is believed. */
  private mean(stand: Omit<ZoneStand, 'joint'>, joints: ReadonlyMap<number, number>, mode: number): number {
    let sum = 0;
    for (const [joint, share] of joints) sum += share * this.programme.cost({ ...stand, joint }, mode);
    return sum;
  }

  /** Likely joint states with their shares, which sum to 1. Zones are independent of each other. */
  private joints(beliefs: readonly Float64Array[]): ReadonlyMap<number, number> {
    let cells: { readonly states: readonly number[]; readonly share: number }[] = [{ states: [], share: 1 }];
    for (const belief of beliefs) {
      cells = cells.flatMap(({ states, share }) =>
        [...belief.entries()].map(([state, each]) => ({ states: [...states, state], share: share * each })),
      );
      const likeliest = cells.reduce((most, { share }) => Math.max(most, share), 0);
      const least = Math.min(LEAST_SHARE, LEAST_OF_LIKELIEST * likeliest);
      cells = cells.filter(({ share }) => share > least);
    }
    const total = cells.reduce((sum, { share }) => sum + share, 0);
    return new Map(cells.map(({ states, share }) => [this.chain.indexOf(states), share / total]));
  }

  private nextViews(): readonly NextView[] {
    let views: readonly NextView[] = [{ chance: 1, outcomes: [] }];
    for (const watch of this.watches) {
      const both = [false, true].map((on) => watch.ahead(watch.belief, on));
      views = views.flatMap(({ chance, outcomes }) =>
        both
          .filter((outcome) => outcome.chance > 0)
          .map((outcome) => ({ chance: chance * outcome.chance, outcomes: [...outcomes, outcome] })),
      );
    }
    return views;
  }
}
