import type { Instant } from '@millrace/kernel';
import type { RunKey } from '../../policy/prediction/gpu-seconds-history.js';

/** A run that succeeded, and the GPU time of its work, ms. */
export interface EndedRun {
  readonly key: RunKey;
  readonly gpuMs: number;
}

/** The last runs of one key, the oldest first. */
export interface RunLengths {
  readonly key: RunKey;
  readonly gpuMs: readonly number[];
}

/** GPU time that a tenant had of one class, ms. */
export interface ServedTime {
  readonly priority: number;
  readonly tenantId: string;
  readonly gpuMs: number;
}

/**
 * How long runs took and who was served, in one transaction: what a new leader foretells and shares by.
 * Not part of this port: money. The figures are the workers' own, before billing has settled anything.
 */
export interface HistoryStore {
  /** Adds runs in order; of each key the last 200 stay. */
  addRuns(runs: readonly EndedRun[], at: Instant): Promise<void>;
  /** Keys whose last run is the newest, at most `keysMax`, the oldest of them first. */
  runLengths(keysMax: number): Promise<readonly RunLengths[]>;
  addServed(served: readonly ServedTime[], at: Instant): Promise<void>;
  /** Sums since an instant, to within the ten minutes that are counted together; by priority, then tenant. */
  servedSince(since: Instant): Promise<readonly ServedTime[]>;
  /** Removes keys without a run since `runsBefore` and counts before `servedBefore`, at most `limit` of each. */
  removeOld(runsBefore: Instant, servedBefore: Instant, limit: number): Promise<number>;
}

/** Served time is counted together by so many ms. */
export const SERVED_BUCKET_MS = 600_000;
