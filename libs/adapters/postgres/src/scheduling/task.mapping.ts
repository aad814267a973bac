import { toIso, type Instant, type TaskId, type TenantId } from '@millrace/kernel';
import type {
  Attempt,
  CheckpointReference,
  Failure,
  PredictedTime,
  Task,
  TaskPhase,
  TaskState,
  TaskWork,
} from '@millrace/scheduling';

/** A row of `scheduler.tasks`, as `pg` gives it. */
export interface TaskRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly cost_centre: string;
  readonly task_type: string;
  readonly priority: number;
  readonly work: TaskWork;
  readonly needs_gpus: number;
  readonly needs_vram_mib: number;
  readonly max_retries: number;
  readonly callback_url: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly requested_at: Date;
  readonly traceparent: string | null;
  readonly prediction: PredictedTime;
  /** `prediction.p50GpuMs`, for the index; bigint comes as text. */
  readonly predicted_gpu_ms: string;
  readonly state: string;
  readonly phase: string | null;
  readonly sequence: number;
  readonly epoch: number;
  readonly failure_retries: number;
  readonly lost_deliveries: number;
  readonly cancel_requested: boolean;
  readonly checkpoint: CheckpointReference | null;
  readonly attempts: readonly StoredAttempt[];
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly reason: string | null;
  readonly error: Failure | null;
}

/** JSON has no bigint: nano-dollars are a decimal string. */
type StoredAttempt = Omit<Attempt, 'pricePerGpuHour'> & { readonly pricePerGpuHour: string };

export function taskFromRow(row: TaskRow): Task {
  return {
    id: row.id as TaskId,
    tenantId: row.tenant_id as TenantId,
    costCentre: row.cost_centre,
    taskType: row.task_type,
    priority: row.priority,
    work: row.work,
    needs: { gpus: row.needs_gpus, vramMiB: row.needs_vram_mib },
    maxRetries: row.max_retries,
    callbackUrl: row.callback_url,
    metadata: row.metadata,
    requestedAt: row.requested_at.getTime(),
    traceparent: row.traceparent,
    prediction: row.prediction,
    state: row.state as TaskState,
    phase: row.phase as TaskPhase | null,
    sequence: row.sequence,
    epoch: row.epoch,
    failureRetries: row.failure_retries,
    lostDeliveries: row.lost_deliveries,
    cancelRequested: row.cancel_requested,
    checkpoint: row.checkpoint,
    attempts: attemptsFromStored(row.attempts),
    startedAt: row.started_at?.getTime() ?? null,
    endedAt: row.ended_at?.getTime() ?? null,
    reason: row.reason,
    error: row.error,
  };
}

/** Columns in the order of INSERT_TASKS: what the request brought, then what changes. */
export function requestsToColumns(tasks: readonly Task[]): unknown[] {
  return [
    tasks.map((task) => task.id),
    tasks.map((task) => task.tenantId),
    tasks.map((task) => task.costCentre),
    tasks.map((task) => task.taskType),
    tasks.map((task) => task.priority),
    tasks.map((task) => JSON.stringify(task.work)),
    tasks.map((task) => task.needs.gpus),
    tasks.map((task) => task.needs.vramMiB),
    tasks.map((task) => task.maxRetries),
    tasks.map((task) => task.callbackUrl),
    tasks.map((task) => JSON.stringify(task.metadata)),
    tasks.map((task) => toIso(task.requestedAt)),
    tasks.map((task) => task.traceparent),
    tasks.map((task) => JSON.stringify(task.prediction)),
    tasks.map((task) => task.prediction.p50GpuMs),
    ...progressToColumns(tasks).slice(1),
  ];
}

/** Columns in the order of SAVE_TASKS: the id, then what a transition may change. */
export function progressToColumns(tasks: readonly Task[]): unknown[] {
  return [
    tasks.map((task) => task.id),
    tasks.map((task) => task.state),
    tasks.map((task) => task.phase),
    tasks.map((task) => task.sequence),
    tasks.map((task) => task.epoch),
    tasks.map((task) => task.failureRetries),
    tasks.map((task) => task.lostDeliveries),
    tasks.map((task) => task.cancelRequested),
    tasks.map((task) => jsonOrNull(task.checkpoint)),
    tasks.map((task) => JSON.stringify(task.attempts.map(storedAttempt))),
    tasks.map((task) => isoOrNull(task.startedAt)),
    tasks.map((task) => isoOrNull(task.endedAt)),
    tasks.map((task) => task.reason),
    tasks.map((task) => jsonOrNull(task.error)),
  ];
}

export function attemptsFromStored(attempts: readonly StoredAttempt[]): readonly Attempt[] {
  return attempts.map((attempt) => ({ ...attempt, pricePerGpuHour: BigInt(attempt.pricePerGpuHour) }));
}

function storedAttempt(attempt: Attempt): StoredAttempt {
  return { ...attempt, pricePerGpuHour: attempt.pricePerGpuHour.toString() };
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function isoOrNull(instant: Instant | null): string | null {
  return instant === null ? null : toIso(instant);
}
