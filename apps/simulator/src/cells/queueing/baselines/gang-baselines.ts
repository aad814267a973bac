import { gpusOf, type GangPolicy, type GangRun } from '../gang-simulation.js';

type Rank = (run: GangRun) => number;

/** Waiting jobs in order of rank, which doesn't change while they wait; what runs runs to its end. */
class WithoutPreemption implements GangPolicy {
  private readonly waiting: { readonly run: GangRun; readonly rank: number }[] = [];

  constructor(
    readonly name: string,
    private readonly gpus: number,
    private readonly rankOf: Rank,
    private readonly backfills: boolean,
  ) {}

  arrived(run: GangRun): void {
    const rank = this.rankOf(run);
    let low = 0;
    let high = this.waiting.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.waiting[middle]?.rank ?? Infinity) <= rank) low = middle + 1;
      else high = middle;
    }
    this.waiting.splice(low, 0, { run, rank });
  }

  ended(): void {
    // It left the queue when it started.
  }

  choose(running: readonly GangRun[]): readonly GangRun[] {
    const chosen = [...running];
    let free = this.gpus - gpusOf(running);
    for (let place = 0; place < this.waiting.length && free > 0;) {
      const run = this.waiting[place]?.run;
      if (run !== undefined && run.job.gpus <= free) {
        this.waiting.splice(place, 1);
        chosen.push(run);
        free -= run.job.gpus;
      } else if (this.backfills) place += 1;
      else break;
    }
    return chosen;
  }
}

/** All jobs in order of rank at every choice; those that fit run, whoever ran before. */
class WithPreemption implements GangPolicy {
  private active: { readonly run: GangRun; rank: number }[] = [];

  constructor(
    readonly name: string,
    private readonly gpus: number,
    private readonly rankOf: Rank,
    readonly reviewSeconds?: number,
  ) {}

  arrived(run: GangRun): void {
    this.active.push({ run, rank: 0 });
  }

  ended(run: GangRun): void {
    this.active = this.active.filter((other) => other.run !== run);
  }

  choose(): readonly GangRun[] {
    for (const entry of this.active) entry.rank = this.rankOf(entry.run);
    this.active.sort((a, b) => a.rank - b.rank || a.run.job.index - b.run.job.index);
    const chosen: GangRun[] = [];
    let free = this.gpus;
    for (const { run } of this.active) {
      if (run.job.gpus > free) continue;
      chosen.push(run);
      free -= run.job.gpus;
      if (free === 0) break;
    }
    return chosen;
  }
}

/** How often attained service is looked at again, seconds; 60 to 3,600 give the same mean within 0.1 %. */
const REVIEW_SECONDS = 60;

/** The baselines of the anchors (scheduling.md section 2, cell Q). */
export function gangBaselines(gpus: number): readonly GangPolicy[] {
  const arrival: Rank = ({ job }) => job.arrivalSeconds;
  return [
    new WithoutPreemption('fifo', gpus, arrival, false),
    new WithoutPreemption('fifo-backfill', gpus, arrival, true),
    new WithoutPreemption('shortest-first', gpus, ({ job }) => job.durationSeconds, true),
    // 2D-LAS (Tiresias, NSDI '19): least attained service × GPUs first.
    new WithPreemption('2d-las', gpus, ({ job, servedSeconds }) => servedSeconds * job.gpus, REVIEW_SECONDS),
    new WithPreemption(
      'shortest-remaining',
      gpus,
      ({ job, servedSeconds }) => (job.durationSeconds - servedSeconds) * job.gpus,
    ),
  ];
}
