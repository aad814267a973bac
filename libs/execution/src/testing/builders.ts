import { taskAssigned } from '@millrace/contracts';
import type { Assignment } from '../engine/assignment.js';
import type { WorkerSettings } from '../engine/create-worker.js';

export const WORKER_ID = 'worker-1';
export const INCARNATION = '01890a5d-ac96-774b-bcce-b302099a8058';
export const TASK_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

/** The trace context that assignments of a fake worker come with. */
export const ASSIGNED_TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** Ids of further tasks, by a digit. */
export function buildTaskId(digit: number): string {
  return `${TASK_ID.slice(0, -1)}${digit}`;
}

/** What commands about the attempt of `buildAssignment()` name. */
export function buildLease(): Pick<
  Assignment,
  'workerId' | 'incarnation' | 'taskId' | 'tenantId' | 'attempt' | 'epoch'
> {
  return { workerId: WORKER_ID, incarnation: INCARNATION, taskId: TASK_ID, tenantId: 'acme', attempt: 1, epoch: 1 };
}

/** An assignment of the scripted engine's type for worker-1; state what matters. */
export function buildAssignment(overrides: Partial<Assignment> = {}): Assignment {
  return {
    ...taskAssigned.fixture,
    workerId: WORKER_ID,
    incarnation: INCARNATION,
    taskId: TASK_ID,
    taskType: 'scripted',
    ...overrides,
  };
}

/** A worker with one GPU and one slot. */
export function buildWorkerSettings(overrides: Partial<WorkerSettings> = {}): WorkerSettings {
  return {
    workerId: WORKER_ID,
    incarnation: INCARNATION,
    instanceId: 'instance-1',
    pool: 'local',
    capacity: 'on_demand',
    gpuType: 'virtual',
    gpus: 1,
    vramMiB: 81_920,
    slots: 1,
    version: '0.1.0',
    heartbeatMs: 5_000,
    stepDelayMs: 0,
    runLimitMs: 30 * 60_000,
    ...overrides,
  };
}
