import type { PendingTask, WorkerView } from './snapshot.js';

/** Why a task was placed where it was: the log, the lifecycle event and the simulator use the same word. */
export const PLACEMENT_REASONS = ['first_fitting_worker'] as const;
export type PlacementReason = (typeof PLACEMENT_REASONS)[number];

/** Why a task waits, with the text a client reads (api.md section 3, extended). */
export const WAITING_REASONS = {
  no_fitting_worker: 'No worker that is up serves this task type with enough GPU memory.',
  pool_draining: 'Every worker that could run this task is about to stop.',
  pool_busy: 'Every worker that could run this task is busy.',
  retry_backoff: 'The last attempt failed; the next one starts after a pause of up to 30 seconds.',
  cycle_limit: 'The scheduler placed as many tasks as one cycle may; this one is looked at in the next.',
} as const;
export type WaitingCode = keyof typeof WAITING_REASONS;

export type Decision =
  | {
      readonly kind: 'place';
      readonly task: PendingTask;
      readonly worker: WorkerView;
      readonly reason: PlacementReason;
    }
  | { readonly kind: 'wait'; readonly task: PendingTask; readonly reason: WaitingCode };

export type Placement = Extract<Decision, { kind: 'place' }>;
