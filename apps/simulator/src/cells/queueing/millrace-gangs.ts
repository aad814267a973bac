import { ServiceOrder, SubmittedRuns, type OrderingPolicy, type QueuedTask } from '@millrace/scheduling/policy';
import type { GangPolicy, GangRun } from './gang-simulation.js';

/** Seconds of service a completion of this job is held to cost from here on. */
interface GangRanks {
  arrived(run: GangRun): void;
  ended(run: GangRun): void;
  rankOf(run: GangRun): number;
}

interface WaitingGang extends QueuedTask {
  readonly run: GangRun;
}

/** Steps are short beside this: what runs may be preempted at a step boundary once a minute. */
const REVIEW_SECONDS = 60;
/** Ranks of waiting jobs move as others end. */
const RANK_AGAIN_SECONDS = 600;
const SECOND_MS = 1_000;
const POOL = 'gpus';

/**
 * The production order of service over gangs that may be preempted: at each choice all jobs stand in it, those that run
 * too, and those run that fit. A job's age is the time it has waited; what it has been served doesn't count.
 */
export class MillraceGangs implements GangPolicy {
  readonly reviewSeconds = REVIEW_SECONDS;
  private readonly order: ServiceOrder<WaitingGang>;
  private readonly waiting = new Map<string, GangRun>();
  private rankedAtSeconds = 0;

  constructor(
    readonly name: string,
    private readonly gpus: number,
    ordering: OrderingPolicy,
    private readonly ranks: GangRanks,
  ) {
    this.order = new ServiceOrder<WaitingGang>(ordering);
  }

  arrived(run: GangRun): void {
    this.ranks.arrived(run);
    this.wait(run);
  }

  ended(run: GangRun): void {
    this.ranks.ended(run);
  }

  choose(running: readonly GangRun[], nowSeconds: number): readonly GangRun[] {
    for (const run of running) this.wait(run);
    if (nowSeconds - this.rankedAtSeconds >= RANK_AGAIN_SECONDS) this.rankAgain(nowSeconds);
    this.order.begin(nowSeconds * SECOND_MS);
    const chosen: GangRun[] = [];
    let free = this.gpus;
    for (let task = this.order.next(); task !== undefined && free > 0; task = this.order.next()) {
      if (task.run.job.gpus > free) {
        this.order.closeShape();
        continue;
      }
      this.order.take();
      this.waiting.delete(task.id);
      chosen.push(task.run);
      free -= task.run.job.gpus;
    }
    return chosen;
  }

  private wait(run: GangRun): void {
    const { job, servedSeconds } = run;
    const id = idOf(run);
    this.waiting.set(id, run);
    this.order.add({
      id,
      tenantId: POOL,
      priority: 0,
      requestedAt: (job.arrivalSeconds + servedSeconds) * SECOND_MS,
      pool: POOL,
      shape: String(job.gpus),
      gpuSeconds: this.ranks.rankOf(run) * job.gpus,
      run,
    });
  }

  private rankAgain(nowSeconds: number): void {
    this.rankedAtSeconds = nowSeconds;
    for (const [id, run] of this.waiting) {
      this.order.remove(id);
      this.wait(run);
    }
  }
}

/** Learnt: the trace names neither user nor job, so all that foretells a length is the gang's size and its neighbours. */
export class LearntRanks implements GangRanks {
  private readonly runs = new SubmittedRuns();

  arrived(run: GangRun): void {
    this.runs.submitted(idOf(run), String(run.job.gpus));
  }

  ended(run: GangRun): void {
    this.runs.ended(idOf(run), run.job.durationSeconds);
  }

  rankOf(run: GangRun): number {
    this.runs.reached(idOf(run), run.servedSeconds);
    return this.runs.rankOf(idOf(run));
  }
}

/** For comparison: what remains, told by the trace itself. */
export class TrueRanks implements GangRanks {
  arrived(): void {
    // The trace knows.
  }

  ended(): void {
    // The trace knew.
  }

  rankOf({ job, servedSeconds }: GangRun): number {
    return job.durationSeconds - servedSeconds;
  }
}

function idOf({ job }: GangRun): string {
  return job.index.toString().padStart(8, '0');
}
