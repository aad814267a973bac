import type { ClusterJob } from '../../traces/cluster-jobs.js';

/** GPUs that serve the jobs: their load is then 0.84, "0.8" in scheduling.md section 2, cell Q. */
export const GANG_GPUS = 17;
const JOBS = 8_000;
const DURATION_MIN_SECONDS = 60;

export interface GangJob {
  /** Place in order of arrival. */
  readonly index: number;
  readonly arrivalSeconds: number;
  readonly durationSeconds: number;
  readonly gpus: number;
}

/**
 * The first 8,000 jobs of a minute or more, by time and then by duration, at their own times: so read, FIFO, backfill and
 * shortest first come out at the anchors to the second. Jobs larger than the cluster would wait for ever and are left out.
 */
export function gangWorkload(jobs: readonly ClusterJob[]): readonly GangJob[] {
  const chosen = jobs
    .filter(({ durationSeconds, gpus }) => durationSeconds >= DURATION_MIN_SECONDS && gpus <= GANG_GPUS)
    .toSorted((a, b) => a.submittedSeconds - b.submittedSeconds || a.durationSeconds - b.durationSeconds)
    .slice(0, JOBS);
  const first = chosen[0]?.submittedSeconds ?? 0;
  return chosen.map(({ submittedSeconds, durationSeconds, gpus }, index) => ({
    index,
    arrivalSeconds: submittedSeconds - first,
    durationSeconds,
    gpus,
  }));
}
