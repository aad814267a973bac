import type { TaskId, TenantId } from '@millrace/kernel';
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
import {
  bigintArray,
  booleanArray,
  integerArray,
  jsonbArray,
  smallintArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from '../pool/binary-arrays.js';

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
export function requestsToColumns(tasks: readonly Task[]): readonly Buffer[] {
  const [ids, ...progress] = progressToColumns(tasks);
  return [
    ids,
    textArray(tasks.map((task) => task.tenantId)),
    textArray(tasks.map((task) => task.costCentre)),
    textArray(tasks.map((task) => task.taskType)),
    smallintArray(tasks.map((task) => task.priority)),
    jsonbArray(tasks.map((task) => JSON.stringify(task.work))),
    integerArray(tasks.map((task) => task.needs.gpus)),
    integerArray(tasks.map((task) => task.needs.vramMiB)),
    integerArray(tasks.map((task) => task.maxRetries)),
    textArray(tasks.map((task) => task.callbackUrl)),
    jsonbArray(tasks.map((task) => JSON.stringify(task.metadata))),
    timestamptzArray(tasks.map((task) => task.requestedAt)),
    textArray(tasks.map((task) => task.traceparent)),
    jsonbArray(tasks.map((task) => JSON.stringify(task.prediction))),
    bigintArray(tasks.map((task) => task.prediction.p50GpuMs)),
    ...progress,
  ];
}

/** Columns in the order of SAVE_TASKS: the id, then what a transition may change. */
export function progressToColumns(tasks: readonly Task[]): readonly [Buffer, ...Buffer[]] {
  return [
    uuidArray(tasks.map((task) => task.id)),
    textArray(tasks.map((task) => task.state)),
    textArray(tasks.map((task) => task.phase)),
    integerArray(tasks.map((task) => task.sequence)),
    integerArray(tasks.map((task) => task.epoch)),
    integerArray(tasks.map((task) => task.failureRetries)),
    integerArray(tasks.map((task) => task.lostDeliveries)),
    booleanArray(tasks.map((task) => task.cancelRequested)),
    jsonbArray(tasks.map((task) => jsonOrNull(task.checkpoint))),
    jsonbArray(tasks.map((task) => JSON.stringify(task.attempts.map(storedAttempt)))),
    timestamptzArray(tasks.map((task) => task.startedAt)),
    timestamptzArray(tasks.map((task) => task.endedAt)),
    textArray(tasks.map((task) => task.reason)),
    jsonbArray(tasks.map((task) => jsonOrNull(task.error))),
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
