import { invariant } from '@millrace/kernel';
import type { GangJob } from './gang-workload.js';

/** A job that has arrived and not ended. */
export interface GangRun {
  readonly job: GangJob;
  /** Service it has had, seconds; preempted jobs go on where they stopped. */
  servedSeconds: number;
}

/** Who decides which jobs run. GPUs are all alike; a job runs on all of its GPUs or not at all (SCH-40). */
export interface GangPolicy {
  readonly name: string;
  /** It is asked again after so long while jobs wait; absent: only when a job arrives or ends. */
  readonly reviewSeconds?: number | undefined;
  arrived(run: GangRun): void;
  ended(run: GangRun): void;
  /** The jobs that run from now on. */
  choose(running: readonly GangRun[], nowSeconds: number): readonly GangRun[];
}

export interface GangOutcome {
  readonly job: GangJob;
  readonly endSeconds: number;
}

/** A job is over when less than this is left of it: times are sums of doubles. */
const OVER_SECONDS = 1e-6;
const EVENTS_MAX = 50_000_000;

/** Jobs on a cluster of GPUs in virtual time; preemption costs nothing, as in the anchors. */
export function simulateGangs(jobs: readonly GangJob[], policy: GangPolicy, gpus: number): readonly GangOutcome[] {
  const outcomes: GangOutcome[] = [];
  let running: readonly GangRun[] = [];
  let arrived = 0;
  let now = 0;
  for (let events = 0; outcomes.length < jobs.length; events++) {
    invariant(events < EVENTS_MAX, `${policy.name} ends`);
    const next = nextEvent(running, jobs[arrived], now, policy, arrived - outcomes.length);
    invariant(Number.isFinite(next), `${policy.name} leaves GPUs idle while jobs wait`);
    for (const run of running) run.servedSeconds += next - now;
    now = next;
    for (const run of running) {
      if (!isOver(run)) continue;
      outcomes.push({ job: run.job, endSeconds: now });
      policy.ended(run);
    }
    for (let job = jobs[arrived]; job !== undefined && job.arrivalSeconds <= now; job = jobs[arrived]) {
      policy.arrived({ job, servedSeconds: 0 });
      arrived += 1;
    }
    running = policy.choose(
      running.filter((run) => !isOver(run)),
      now,
    );
    invariant(gpusOf(running) <= gpus, `${policy.name} gives each GPU once`);
  }
  return outcomes;
}

/** Mean time from arrival to end, seconds. */
export function meanCompletionSeconds(outcomes: readonly GangOutcome[]): number {
  return outcomes.reduce((sum, { job, endSeconds }) => sum + endSeconds - job.arrivalSeconds, 0) / outcomes.length;
}

/** The longest time that a job has spent without its GPUs, seconds. */
export function longestWaitSeconds(outcomes: readonly GangOutcome[]): number {
  return outcomes.reduce(
    (longest, { job, endSeconds }) => Math.max(longest, endSeconds - job.arrivalSeconds - job.durationSeconds),
    0,
  );
}

export function gpusOf(runs: readonly GangRun[]): number {
  return runs.reduce((sum, { job }) => sum + job.gpus, 0);
}

function isOver({ job, servedSeconds }: GangRun): boolean {
  return job.durationSeconds - servedSeconds <= OVER_SECONDS;
}

function nextEvent(
  running: readonly GangRun[],
  arrival: GangJob | undefined,
  now: number,
  { reviewSeconds }: GangPolicy,
  active: number,
): number {
  let next = arrival?.arrivalSeconds ?? Infinity;
  for (const { job, servedSeconds } of running) next = Math.min(next, now + job.durationSeconds - servedSeconds);
  if (reviewSeconds === undefined || active <= running.length) return next;
  return Math.min(next, Math.floor(now / reviewSeconds + 1) * reviewSeconds);
}
