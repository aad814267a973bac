import type { AttemptOutcome } from './attempt.js';
import type { Task, TaskPhase, TaskState } from './task.js';
import type { TaskCommand, TaskCommandKind } from './task-command.js';

/** After so many counted expiries the task is dead-lettered; there is no fourth delivery (QUE-07, VEC-28). */
export const MAX_LOST_DELIVERIES = 3;
/**
 * So many attempts of a task may be lost without being counted. What is lost after that counts, whatever took it: a task
 * that breaks each GPU it is given must come to an end too (P6: a poison task is dead-lettered).
 */
export const MAX_UNCOUNTED_LOSSES = 3;

/** Conditions of a rule, by name, so that the table reads as data and the docs can be made from it. */
export const GUARDS = {
  cancelRequested: (task) => task.cancelRequested,
  neverLeased: (task) => task.attempts.length === 0,
  retryAllowed: (task, command) =>
    command.kind === 'failed' && command.error.retryable && task.failureRetries < task.maxRetries,
  lastDelivery: (task, command) =>
    command.kind === 'lost' && command.counted && task.lostDeliveries + 1 >= MAX_LOST_DELIVERIES,
} as const satisfies Record<string, (task: Task, command: TaskCommand) => boolean>;
export type GuardName = keyof typeof GUARDS;

/** Lifecycle events a rule emits, each with the next sequence number. */
export type LifecycleEventKind =
  'queued' | 'scheduled' | 'started' | 'requeued' | 'completed' | 'failed' | 'cancelled' | 'expired';

export interface TransitionRule {
  readonly from: TaskState;
  readonly on: Exclude<TaskCommandKind, 'requested'>;
  readonly when?: GuardName;
  readonly to: TaskState;
  readonly phase?: TaskPhase;
  /** The live attempt ends so. */
  readonly attempt?: AttemptOutcome;
  readonly emits?: LifecycleEventKind;
  /** Why the task is back in its lane. */
  readonly requeuedAs?: 'preempted' | 'lost' | 'failed';
  /** Which budget the end of this attempt uses up. A preemption uses up none (WRK-15). */
  readonly counts?: 'failureRetry' | 'lostDelivery';
}

/**
 * The task machine: the first rule that matches (state, command, guard) applies; no rule, no effect. Terminal states
 * have no rule. Once cancellation is asked for, only a success completes the task; everything else that ends its
 * attempt cancels it, and nothing requeues it (guarantees.md section 1).
 */
export const TASK_TRANSITIONS: readonly TransitionRule[] = [
  { from: 'queued', on: 'leased', to: 'processing', phase: 'scheduled', emits: 'scheduled' },
  { from: 'queued', on: 'cancelRequested', to: 'cancelled', emits: 'cancelled' },
  { from: 'queued', on: 'expired', when: 'neverLeased', to: 'expired', emits: 'expired' },

  { from: 'processing', on: 'started', to: 'processing', phase: 'running', emits: 'started' },
  { from: 'processing', on: 'checkpointed', to: 'processing' },
  { from: 'processing', on: 'cancelRequested', to: 'processing' },

  { from: 'processing', on: 'succeeded', to: 'completed', attempt: 'succeeded', emits: 'completed' },

  { from: 'processing', on: 'failed', when: 'cancelRequested', to: 'cancelled', attempt: 'failed', emits: 'cancelled' },
  {
    from: 'processing',
    on: 'failed',
    when: 'retryAllowed',
    to: 'queued',
    attempt: 'failed',
    emits: 'requeued',
    requeuedAs: 'failed',
    counts: 'failureRetry',
  },
  { from: 'processing', on: 'failed', to: 'failed', attempt: 'failed', emits: 'failed' },

  {
    from: 'processing',
    on: 'preempted',
    when: 'cancelRequested',
    to: 'cancelled',
    attempt: 'preempted',
    emits: 'cancelled',
  },
  {
    from: 'processing',
    on: 'preempted',
    to: 'queued',
    attempt: 'preempted',
    emits: 'requeued',
    requeuedAs: 'preempted',
  },

  {
    from: 'processing',
    on: 'lost',
    when: 'cancelRequested',
    to: 'cancelled',
    attempt: 'lost',
    emits: 'cancelled',
    counts: 'lostDelivery',
  },
  {
    from: 'processing',
    on: 'lost',
    when: 'lastDelivery',
    to: 'failed',
    attempt: 'lost',
    emits: 'failed',
    counts: 'lostDelivery',
  },
  {
    from: 'processing',
    on: 'lost',
    to: 'queued',
    attempt: 'lost',
    emits: 'requeued',
    requeuedAs: 'lost',
    counts: 'lostDelivery',
  },

  {
    from: 'processing',
    on: 'cancelled',
    when: 'cancelRequested',
    to: 'cancelled',
    attempt: 'cancelled',
    emits: 'cancelled',
  },
  {
    from: 'processing',
    on: 'cancelled',
    to: 'queued',
    attempt: 'preempted',
    emits: 'requeued',
    requeuedAs: 'preempted',
  },
];
