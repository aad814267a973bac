import type { RequestOutcome } from './request-simulation.js';

export interface RequestMetrics {
  /** From arrival to the end without the service itself: queueing and getting the GPU ready. Seconds. */
  readonly waitSeconds: number;
  readonly waitP99Seconds: number;
  /** Share of requests that end within 1.5× and 3× of their service time after they arrived. */
  readonly within1_5: number;
  readonly within3: number;
  /** Jain's index over groups of their mean speed (service ÷ response): 1 when all groups are served alike. */
  readonly jain: number;
  /** GPU-seconds that went into loading models and switching pipelines. */
  readonly switchGpuSeconds: number;
}

export function requestMetrics(outcomes: readonly RequestOutcome[]): RequestMetrics {
  const waits = outcomes.map(waitOf).toSorted((a, b) => a - b);
  const within = (times: number): number =>
    outcomes.filter((outcome) => responseOf(outcome) <= times * outcome.job.serviceSeconds).length / outcomes.length;
  return {
    waitSeconds: mean(waits),
    waitP99Seconds: waits[Math.ceil(0.99 * waits.length) - 1] ?? 0,
    within1_5: within(1.5),
    within3: within(3),
    jain: jainOverGroups(outcomes),
    switchGpuSeconds: outcomes.reduce((sum, { setupSeconds }) => sum + setupSeconds, 0),
  };
}

/** (Σx)² ÷ (n Σx²): 1 when all are equal, 1/n when one has everything (Jain, Chiu and Hawe, 1984). */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

function jainOverGroups(outcomes: readonly RequestOutcome[]): number {
  const groups = Map.groupBy(outcomes, ({ job }) => job.request.group);
  return jainIndex(
    [...groups.values()].map((own) => mean(own.map((outcome) => outcome.job.serviceSeconds / responseOf(outcome)))),
  );
}

function responseOf({ job, endSeconds }: RequestOutcome): number {
  return endSeconds - job.arrivalSeconds;
}

function waitOf(outcome: RequestOutcome): number {
  return responseOf(outcome) - outcome.job.serviceSeconds;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
