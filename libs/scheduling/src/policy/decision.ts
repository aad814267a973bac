import type { Refusals } from './filters/filter-codes.js';
import type { PendingTask, RunningTask, WorkerView } from './snapshot.js';
import type { WaitingCode } from './waiting-reasons.js';

/**
 * Why a task was placed where it was: the log, the lifecycle event and the simulator use the same word.
 * - `first_fitting_worker`: all that fit were equally good, and this one comes first by id;
 * - `warm_model`: its weights are loaded there;
 * - `same_type`: the worker ran this task type before (SCH-45);
 * - `least_fragmentation`: it leaves the most room for tasks to come;
 * - `gang_…`: with all other members, as close as there was room (SCH-40, 41).
 */
export const PLACEMENT_REASONS = [
  'first_fitting_worker',
  'warm_model',
  'same_type',
  'least_fragmentation',
  'gang_nvlink',
  'gang_node',
  'gang_rack',
  'gang_zone',
] as const;
export type PlacementReason = (typeof PLACEMENT_REASONS)[number];

/** Running tasks of a lower class that stop at their next step, so that this one can take their place (QUE-11). */
export interface Preemption {
  readonly worker: WorkerView;
  readonly victims: readonly RunningTask[];
  /** What the victims lose, ms of their work. */
  readonly lostMs: number;
  readonly reason: 'higher_class';
}

export type Decision =
  | {
      readonly kind: 'place';
      readonly task: PendingTask;
      readonly worker: WorkerView;
      readonly reason: PlacementReason;
      /** Positions in the worker's `devices`; absent where the worker tells of none. */
      readonly devices?: readonly number[];
    }
  | {
      readonly kind: 'wait';
      readonly task: PendingTask;
      readonly reason: WaitingCode;
      /** How many workers each filter refused: the `evidence` of api.md. */
      readonly evidence?: Refusals;
      readonly preemption?: Preemption;
    };

export type Placement = Extract<Decision, { kind: 'place' }>;
export type Wait = Extract<Decision, { kind: 'wait' }>;
