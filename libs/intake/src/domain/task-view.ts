import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import { EFFECTS, isTerminal, type ChangeKind, type TaskPhase, type TaskState } from './task-state.js';

export interface TaskInput {
  readonly prompt?: string;
  readonly negativePrompt?: string;
  readonly imageUrl?: string;
}

export interface TaskParameters {
  readonly seed?: number;
  readonly steps?: number;
  readonly durationS?: number;
  readonly stepDelayMs?: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What was accepted. Never changes, but for the input and the callback, which erasing removes. */
export interface TaskRequest {
  readonly id: TaskId;
  readonly tenantId: TenantId;
  readonly costCentre: string;
  readonly taskType: string;
  readonly model: string;
  readonly priority: number;
  readonly input: TaskInput | null;
  readonly resolution: Size | null;
  readonly parameters: TaskParameters;
  readonly needs: { readonly gpus: number; readonly vramMiB: number };
  readonly maxRetries: number;
  readonly callbackUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds, told to the client when it asked. */
  readonly estimatedS: number;
  readonly requestedAt: Instant;
  /** W3C trace context of the whole task. */
  readonly traceparent: string | null;
  /** The task that this one is a retry of. */
  readonly retriedFrom?: TaskId;
}

export interface Attempt {
  readonly number: number;
  readonly epoch: number;
  readonly worker: string;
  readonly pool: string;
  readonly capacity: 'spot' | 'on_demand';
  readonly outcome: 'succeeded' | 'failed' | 'preempted' | 'lost' | 'cancelled' | null;
  /** ISO-8601. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly gpuMs: number;
  readonly resumedFromStep: number;
  readonly billable: boolean;
}

export interface Artifact {
  readonly id: string;
  readonly kind: 'video' | 'thumbnail' | 'file';
  readonly key: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** How a task ended; set by its terminal change only. */
export interface TaskEnd {
  readonly at: Instant;
  readonly processingMs: number;
  readonly gpuMs: number;
  /** Nano-dollars as a decimal string; the final cost is in `charge`. */
  readonly provisionalCost: string;
  readonly artifacts: readonly Artifact[];
  readonly media: { readonly durationS: number; readonly width: number; readonly height: number } | null;
  readonly engine: string | null;
  readonly failure: Failure | null;
}

/** The final cost, from billing. Amounts are nano-dollars as decimal strings. */
export interface Charge {
  readonly chargedAt: string;
  readonly cost: string;
  readonly gpuMs: number;
  readonly billedGpuMs: number;
  readonly pricePerGpuHour: string;
  readonly byAttempt: readonly {
    readonly attempt: number;
    readonly outcome: string;
    readonly gpuMs: number;
    readonly cost: string;
  }[];
}

/** A task as the gateway shows it: what was accepted, and what the scheduler and billing told since. */
export interface TaskView {
  readonly request: TaskRequest;
  readonly state: TaskState;
  readonly phase: TaskPhase | null;
  readonly reason: string | null;
  /** Of the last change applied; 0 before the first. */
  readonly sequence: number;
  readonly updatedAt: Instant;
  readonly attempts: readonly Attempt[];
  readonly end: TaskEnd | null;
  readonly charge: Charge | null;
  readonly cancelRequestedAt: Instant | null;
  readonly erasedAt: Instant | null;
}

/** One lifecycle event, in the gateway's terms. `attempts` replaces the whole list, `attempt` one entry. */
export interface LifecycleChange {
  readonly kind: ChangeKind;
  readonly sequence: number;
  readonly at: Instant;
  readonly reason?: string;
  readonly attempt?: Attempt;
  readonly attempts?: readonly Attempt[];
  readonly end?: TaskEnd;
}

export function newTaskView(request: TaskRequest): TaskView {
  return {
    request,
    state: 'queued',
    phase: null,
    reason: null,
    sequence: 0,
    updatedAt: request.requestedAt,
    attempts: [],
    end: null,
    charge: null,
    cancelRequestedAt: null,
    erasedAt: null,
  };
}

export type Applied =
  | { readonly kind: 'applied'; readonly next: TaskView }
  /** Told before: nothing to do. */
  | { readonly kind: 'old' }
  /** Changes before this one are missing. */
  | { readonly kind: 'early'; readonly wanted: number };

/**
 * Applies a change strictly by sequence (guarantees.md section 1, P4): last + 1 is applied, an older one ignored, a
 * newer one is early. The scheduler is the only judge of transitions; the view follows it.
 */
export function applyChange(view: TaskView, change: LifecycleChange): Applied {
  if (change.sequence <= view.sequence) return { kind: 'old' };
  if (change.sequence > view.sequence + 1) return { kind: 'early', wanted: view.sequence + 1 };
  const effect = EFFECTS[change.kind];
  return {
    kind: 'applied',
    next: {
      ...view,
      state: effect.state,
      phase: effect.phase,
      reason: change.reason ?? null,
      sequence: change.sequence,
      updatedAt: change.at,
      attempts: change.attempts ?? withAttempt(view.attempts, change.attempt),
      end: change.end ?? view.end,
    },
  };
}

/** The charge of a task is final: the first one stays. */
export function applyCharge(view: TaskView, charge: Charge): TaskView {
  return view.charge === null ? { ...view, charge } : view;
}

export function hasEnded(view: Pick<TaskView, 'state'>): boolean {
  return isTerminal(view.state);
}

/** Nothing will change any more: it is charged, or it ended without an attempt, which costs nothing and is not charged. */
export function isSettled(view: TaskView): boolean {
  return hasEnded(view) && (view.charge !== null || view.attempts.length === 0);
}

function withAttempt(attempts: readonly Attempt[], attempt: Attempt | undefined): readonly Attempt[] {
  if (attempt === undefined) return attempts;
  const others = attempts.filter((other) => other.number !== attempt.number || other.epoch !== attempt.epoch);
  return [...others, attempt].sort((a, b) => a.number - b.number || a.epoch - b.epoch);
}
