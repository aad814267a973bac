import { GpuSecondsHistory } from '@millrace/scheduling/policy';
import { requestKey, requestProfile } from '../request-key.js';
import {
  setupSecondsOf,
  type Dispatch,
  type RequestGpu,
  type RequestPolicy,
  type Running,
} from '../request-simulation.js';
import type { RequestJob } from '../request-workload.js';

interface Ranked {
  readonly job: RequestJob;
  readonly rank: number;
}

/** Waiting jobs by rank, then by arrival. Blind to what is loaded: the GPU that has been idle for longest serves. */
class RankedQueue {
  protected readonly waiting: Ranked[] = [];

  enqueue(job: RequestJob, rank: number): void {
    let low = 0;
    let high = this.waiting.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.waiting[middle];
      if (other !== undefined && (other.rank - rank || other.job.index - job.index) < 0) low = middle + 1;
      else high = middle;
    }
    this.waiting.splice(low, 0, { job, rank });
  }

  dispatch(idle: readonly RequestGpu[]): Dispatch | undefined {
    const gpu = idle[0];
    if (gpu === undefined || this.waiting.length === 0) return undefined;
    const first = this.waiting.shift();
    return first === undefined ? undefined : { job: first.job, gpu };
  }
}

/** First come, first served. */
export class Fifo extends RankedQueue implements RequestPolicy {
  readonly name: string = 'fifo';

  arrived(job: RequestJob): void {
    this.enqueue(job, job.index);
  }
}

/** The shortest predicted service first: steps × time per step, learnt from runs that have ended. */
export class ShortestPredicted extends RankedQueue implements RequestPolicy {
  readonly name = 'shortest-predicted';
  private readonly history = new GpuSecondsHistory(requestProfile);

  arrived(job: RequestJob): void {
    this.enqueue(job, this.history.predict(requestKey(job.request)).p50GpuSeconds);
  }

  ended({ job }: Running): void {
    if (job.request.succeeded) this.history.record(requestKey(job.request), job.serviceSeconds);
  }
}

/** Shortest remaining service first, preemptive: it sees true service times. Blind to what is loaded. */
export class ShortestRemaining extends RankedQueue implements RequestPolicy {
  readonly name = 'shortest-remaining';

  arrived(job: RequestJob): void {
    this.enqueue(job, job.serviceSeconds);
  }

  returned(job: RequestJob, remainingSeconds: number): void {
    this.enqueue(job, remainingSeconds);
  }

  victim(running: readonly Running[], nowSeconds: number): Running | undefined {
    const first = this.waiting[0];
    const longest = longestOf(running, nowSeconds);
    return first !== undefined && longest !== undefined && first.rank < remainingOf(longest, nowSeconds)
      ? longest
      : undefined;
  }
}

/**
 * A bar beyond the specification's: it sees true service times and true switch times, and starts the pair of a waiting
 * job and an idle GPU that is done soonest. Not preemptive.
 */
export class ShortestWithSwitch implements RequestPolicy {
  readonly name = 'shortest-with-switch';
  private readonly waiting = new Set<RequestJob>();

  arrived(job: RequestJob): void {
    this.waiting.add(job);
  }

  dispatch(idle: readonly RequestGpu[]): Dispatch | undefined {
    let best: Dispatch | undefined;
    let bestSeconds = Infinity;
    for (const job of this.waiting) {
      for (const gpu of idle) {
        const seconds = job.serviceSeconds + setupSecondsOf(job, gpu);
        if (seconds >= bestSeconds) continue;
        best = { job, gpu };
        bestSeconds = seconds;
      }
    }
    if (best !== undefined) this.waiting.delete(best.job);
    return best;
  }
}

function remainingOf({ readySeconds, endSeconds }: Running, nowSeconds: number): number {
  return endSeconds - Math.max(nowSeconds, readySeconds);
}

function longestOf(running: readonly Running[], nowSeconds: number): Running | undefined {
  let longest: Running | undefined;
  for (const run of running) {
    if (longest === undefined || remainingOf(run, nowSeconds) > remainingOf(longest, nowSeconds)) longest = run;
  }
  return longest;
}
