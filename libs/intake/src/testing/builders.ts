import type { Principal } from '@millrace/contracts';
import type { TaskId, TenantId } from '@millrace/kernel';
import type { RequestedTask } from '../domain/admit-task.js';
import type { DeadLetter } from '../domain/dead-letter.js';
import type { Attempt, TaskEnd, TaskRequest } from '../domain/task-view.js';

export const ACME = 'acme' as TenantId;
export const UMBRELLA = 'umbrella' as TenantId;

const MADE_AT = Date.UTC(2026, 0, 1);

/** The n-th task id, for tests: sorts as it counts. */
export function aTaskId(n: number): TaskId {
  return `01890a5d-ac96-774b-bcce-${String(n).padStart(12, '0')}` as TaskId;
}

export function aTaskRequest(n: number, overrides: Partial<TaskRequest> = {}): TaskRequest {
  return {
    id: aTaskId(n),
    tenantId: ACME,
    costCentre: 'default',
    taskType: 'ti2v-5B',
    model: 'demo-video@1',
    priority: 0,
    input: { prompt: 'a red ball' },
    resolution: { width: 832, height: 480 },
    parameters: { seed: 7, steps: 24, durationS: 4 },
    needs: { gpus: 1, vramMiB: 15_360 },
    maxRetries: 3,
    callbackUrl: null,
    metadata: {},
    estimatedS: 180,
    requestedAt: MADE_AT + n,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ...overrides,
  };
}

export function aRequestedTask(overrides: Partial<RequestedTask> = {}): RequestedTask {
  return {
    taskType: 'ti2v-5B',
    priority: 0,
    input: { prompt: 'a red ball' },
    resolution: null,
    parameters: {},
    callbackUrl: null,
    metadata: {},
    ...overrides,
  };
}

export function aPrincipal(overrides: Partial<Principal> = {}): Principal {
  return { tenantId: ACME, keyId: 'key00001', scopes: ['tasks:read', 'tasks:write'], interactive: false, ...overrides };
}

export function anAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    epoch: 1,
    worker: 'worker-1',
    pool: 'local',
    capacity: 'on_demand',
    outcome: null,
    startedAt: null,
    endedAt: null,
    gpuMs: 0,
    resumedFromStep: 0,
    billable: true,
    ...overrides,
  };
}

export function aTaskEnd(overrides: Partial<TaskEnd> = {}): TaskEnd {
  return {
    at: MADE_AT + 14_000,
    processingMs: 14_000,
    gpuMs: 12_000,
    provisionalCost: '3100000',
    artifacts: [],
    media: null,
    engine: 'onnx-demo',
    failure: null,
    ...overrides,
  };
}

/** The n-th dead letter, in order of time. */
export function aDeadLetter(n: number, overrides: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: aTaskId(1000 + n),
    state: 'open',
    group: 'gateway.task-view',
    topic: 'task.lifecycle',
    partition: 3,
    offset: BigInt(n),
    key: aTaskId(n),
    headers: { ce_id: aTaskId(500 + n) },
    payload: new TextEncoder().encode('{}'),
    payloadBytes: 2,
    eventId: aTaskId(500 + n),
    eventType: 'io.millrace.task.queued.v1',
    tenantId: ACME,
    taskId: aTaskId(n),
    attempts: 7,
    redrives: 0,
    errorClass: 'retries_exhausted',
    reason: 'the view could not be read',
    blocksKey: true,
    failedAt: MADE_AT + n,
    createdAt: MADE_AT + n,
    resolvedAt: null,
    resolvedBy: null,
    ...overrides,
  };
}
