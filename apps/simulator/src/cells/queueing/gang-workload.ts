import type { ClusterJob } from '../../traces/cluster-jobs.js';

const JOBS = 8_000;
const DURATION_MIN_SECONDS = 60;
/** As many whole GPUs as keep the load nearest above this: 17 for the trace of scheduling.md section 2, at 0.84. */
const LOAD = 0.8;

export interface GangJob {
  /** Place in order of arrival. */
  readonly index: number;
  readonly arrivalSeconds: number;
  readonly durationSeconds: number;
  readonly gpus: number;
}

export interface GangWorkload {
  readonly jobs: readonly GangJob[];
  /** GPUs of the cluster that they share. */
  readonly gpus: number;
}

/**
 * The first 8,000 jobs of a minute or more, by time and then by duration, at their own times: so read, FIFO, backfill and
 * shortest first come out at the anchors to the second. Jobs larger than the cluster would wait for ever and are left out.
 */
export function gangWorkload(trace: readonly ClusterJob[]): GangWorkload {
  const chosen = trace
    .filter(({ durationSeconds }) => durationSeconds >= DURATION_MIN_SECONDS)
    .toSorted((a, b) => a.submittedSeconds - b.submittedSeconds || a.durationSeconds - b.durationSeconds)
    .slice(0, JOBS);
  const first = chosen[0]?.submittedSeconds ?? 0;
  const span = (chosen.at(-1)?.submittedSeconds ?? 0) - first;
  const work = chosen.reduce((sum, { durationSeconds, gpus }) => sum + durationSeconds * gpus, 0);
  const gpus = span === 0 ? 1 : Math.max(1, Math.floor(work / span / LOAD));
  const jobs = chosen.filter((job) => job.gpus <= gpus);
  return {
    jobs: jobs.map((job, index) => ({
      index,
      arrivalSeconds: job.submittedSeconds - first,
      durationSeconds: job.durationSeconds,
      gpus: job.gpus,
    })),
    gpus,
  };
}
