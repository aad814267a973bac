import { invariant } from '@millrace/kernel';
import type { RequestJob } from './request-workload.js';

/** A GPU and what is loaded on it. */
export interface RequestGpu {
  readonly index: number;
  model: string | undefined;
  pipeline: string | undefined;
  /** Since when it has been idle, seconds. */
  idleSinceSeconds: number;
}

export interface Dispatch {
  readonly job: RequestJob;
  readonly gpu: RequestGpu;
}

export interface Running extends Dispatch {
  /** When it is ready and service begins, and when service ends, seconds. */
  readonly readySeconds: number;
  readonly endSeconds: number;
}

/** Who decides what an idle GPU does next. It keeps the queue; the simulation only tells what happens. */
export interface RequestPolicy {
  readonly name: string;
  arrived(job: RequestJob, nowSeconds: number): void;
  /** A waiting job and one of the idle GPUs, or undefined to leave the rest idle. Called until it has none. */
  dispatch(idle: readonly RequestGpu[], nowSeconds: number): Dispatch | undefined;
  /** It has ended; `setupSeconds` went into getting its GPU ready. */
  ended?(run: Running, setupSeconds: number): void;
  /** Whom a waiting job drives out when no GPU is idle; it waits again with `remainingSeconds` of service. */
  victim?(running: readonly Running[], nowSeconds: number): Running | undefined;
  /** The victim is back in the queue. */
  returned?(job: RequestJob, remainingSeconds: number): void;
}

/** What became of one request, seconds. */
export interface RequestOutcome {
  readonly job: RequestJob;
  readonly endSeconds: number;
  /** GPU time that went into loading and switching for it. */
  readonly setupSeconds: number;
}

/** What a GPU needs before it can serve the job, seconds. */
export function setupSecondsOf(job: RequestJob, gpu: RequestGpu): number {
  if (gpu.model !== job.request.model) return job.modelLoadSeconds;
  return gpu.pipeline === job.request.pipeline ? 0 : job.pipelineSwitchSeconds;
}

/** Preemptions of one run at most: a policy that trades two jobs for ever is broken. */
const PREEMPTIONS_MAX = 10_000_000;

/** Requests on GPUs of one kind, one at a time on each, in virtual time. */
export class RequestSimulation {
  private readonly idle: RequestGpu[];
  private readonly running: Running[] = [];
  private readonly outcomes: RequestOutcome[] = [];
  private readonly setup = new Map<RequestJob, number>();
  private readonly remaining = new Map<RequestJob, number>();
  private preemptions = 0;

  constructor(
    private readonly jobs: readonly RequestJob[],
    private readonly policy: RequestPolicy,
    gpus: number,
  ) {
    this.idle = Array.from({ length: gpus }, (_, index) => ({
      index,
      model: undefined,
      pipeline: undefined,
      idleSinceSeconds: 0,
    }));
  }

  run(): readonly RequestOutcome[] {
    let arrived = 0;
    while (this.outcomes.length < this.jobs.length) {
      const now = Math.min(this.nextEnd(), this.jobs[arrived]?.arrivalSeconds ?? Infinity);
      invariant(Number.isFinite(now), `${this.policy.name} leaves GPUs idle while requests wait`);
      this.end(now);
      for (let job = this.jobs[arrived]; job !== undefined && job.arrivalSeconds <= now; job = this.jobs[arrived]) {
        this.policy.arrived(job, now);
        arrived += 1;
      }
      this.dispatch(now);
    }
    return this.outcomes;
  }

  private nextEnd(): number {
    let next = Infinity;
    for (const { endSeconds } of this.running) next = Math.min(next, endSeconds);
    return next;
  }

  private end(now: number): void {
    const ended = this.running.filter(({ endSeconds }) => endSeconds <= now);
    for (const run of ended.toSorted((a, b) => a.job.index - b.job.index)) {
      this.running.splice(this.running.indexOf(run), 1);
      this.release(run.gpu, now);
      const setupSeconds = this.setup.get(run.job) ?? 0;
      this.outcomes.push({ job: run.job, endSeconds: now, setupSeconds });
      this.policy.ended?.(run, setupSeconds);
    }
  }

  private dispatch(now: number): void {
    for (;;) {
      while (this.idle.length > 0) {
        const choice = this.policy.dispatch(this.idle, now);
        if (choice === undefined) return;
        this.start(choice, now);
      }
      const victim = this.policy.victim?.(this.running, now);
      if (victim === undefined) return;
      this.preempt(victim, now);
    }
  }

  private start({ job, gpu }: Dispatch, now: number): void {
    this.idle.splice(this.idle.indexOf(gpu), 1);
    const setupSeconds = setupSecondsOf(job, gpu);
    this.setup.set(job, (this.setup.get(job) ?? 0) + setupSeconds);
    gpu.model = job.request.model;
    gpu.pipeline = job.request.pipeline;
    const readySeconds = now + setupSeconds;
    const endSeconds = readySeconds + (this.remaining.get(job) ?? job.serviceSeconds);
    this.running.push({ job, gpu, readySeconds, endSeconds });
  }

  /** At a step boundary: what was served stays served; what was loaded stays loaded. */
  private preempt(run: Running, now: number): void {
    this.preemptions += 1;
    invariant(this.preemptions <= PREEMPTIONS_MAX, `${this.policy.name} ends preempting`);
    this.running.splice(this.running.indexOf(run), 1);
    const remainingSeconds = run.endSeconds - Math.max(now, run.readySeconds);
    this.remaining.set(run.job, remainingSeconds);
    this.setup.set(run.job, (this.setup.get(run.job) ?? 0) - Math.max(0, run.readySeconds - now));
    this.release(run.gpu, now);
    this.policy.returned?.(run.job, remainingSeconds);
  }

  private release(gpu: RequestGpu, now: number): void {
    gpu.idleSinceSeconds = now;
    this.idle.push(gpu);
  }
}
