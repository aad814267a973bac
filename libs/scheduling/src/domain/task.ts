import { costOf, type Instant, type NanoDollars, type TaskId, type TenantId } from '@millrace/kernel';
import { isLive, type Attempt } from './attempt.js';
import type { CheckpointReference, Failure, TaskWork } from './task-work.js';

export const TASK_STATES = ['queued', 'processing', 'completed', 'failed', 'cancelled', 'expired'] as const;
/** api.md section 2. Detail is in phase and reason, never in new states. */
export type TaskState = (typeof TASK_STATES)[number];

export const TASK_PHASES = ['scheduled', 'starting', 'running', 'finalizing'] as const;
/** What a processing task is at. The scheduler sets `scheduled` and `running`; the worker's progress tells the rest. */
export type TaskPhase = (typeof TASK_PHASES)[number];

/** What must fit on a worker. `vramMiB` is a hard limit per GPU. */
export interface ResourceNeeds {
  readonly gpus: number;
  readonly vramMiB: number;
}

/** GPU time foretold for a task: what half of its like stay below, and nine of ten (scheduling.md section 1). */
export interface PredictedTime {
  readonly p50GpuMs: number;
  readonly p90GpuMs: number;
  /** `profile`: too few runs of anything like it are known. */
  readonly basis: 'history' | 'profile';
  /** Runs behind it; 0 with basis `profile`. */
  readonly samples: number;
}

/** A lane is (task type, priority). A task never changes its lane (QUE-10). */
export interface Lane {
  readonly taskType: string;
  readonly priority: number;
}

export interface Task extends Lane {
  readonly id: TaskId;
  readonly tenantId: TenantId;
  readonly costCentre: string;
  readonly work: TaskWork;
  readonly needs: ResourceNeeds;
  readonly maxRetries: number;
  readonly callbackUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly requestedAt: Instant;
  /** W3C trace context of the request: every event of the task carries it. */
  readonly traceparent: string | null;
  /** Made when it entered its lane; a task that comes back to it brings the same figures (QUE-10). */
  readonly prediction: PredictedTime;

  readonly state: TaskState;
  readonly phase: TaskPhase | null;
  /** Number of the last lifecycle event; gap-free from 1. */
  readonly sequence: number;
  /** Fencing epoch of the last lease; 0 before the first. */
  readonly epoch: number;
  /** Failures that were retried (WRK-13). */
  readonly failureRetries: number;
  /** Deliveries whose lease expired while that counted (QUE-07). */
  readonly lostDeliveries: number;
  readonly cancelRequested: boolean;
  readonly checkpoint: CheckpointReference | null;
  readonly attempts: readonly Attempt[];
  /** First start of any attempt. */
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly reason: string | null;
  readonly error: Failure | null;
}

/** What a client's request brings; the rest of a Task is the scheduler's. */
export type TaskRequest = Pick<
  Task,
  | 'id'
  | 'tenantId'
  | 'costCentre'
  | 'taskType'
  | 'priority'
  | 'work'
  | 'needs'
  | 'maxRetries'
  | 'callbackUrl'
  | 'metadata'
  | 'requestedAt'
  | 'traceparent'
  | 'prediction'
>;

export function isTerminal(task: Pick<Task, 'state'>): boolean {
  return task.state !== 'queued' && task.state !== 'processing';
}

/** The attempt that holds the task's lease, or undefined. At most one is live: the last. */
export function liveAttempt(task: Task): Attempt | undefined {
  const last = task.attempts.at(-1);
  return last !== undefined && isLive(last) ? last : undefined;
}

/** Attempts that were lost and not counted as deliveries. */
export function uncountedLosses({ attempts, lostDeliveries }: Pick<Task, 'attempts' | 'lostDeliveries'>): number {
  return attempts.filter(({ state }) => state === 'lost').length - lostDeliveries;
}

/** GPU time of all attempts, ms. */
export function gpuMsOf(task: Task): number {
  return task.attempts.reduce((sum, attempt) => sum + attempt.gpuMs, 0);
}

/** Cost of the billable attempts at the prices they ran at. Billing's ledger has the last word. */
export function provisionalCost(task: Task): NanoDollars {
  return task.attempts
    .filter((attempt) => attempt.billable)
    .reduce((sum, attempt) => sum + costOf(BigInt(attempt.gpuMs), attempt.pricePerGpuHour), 0n);
}

/** From the first start to the end, ms; 0 for a task that never started. */
export function processingMs(task: Task): number {
  return task.startedAt === null || task.endedAt === null ? 0 : Math.max(0, task.endedAt - task.startedAt);
}
