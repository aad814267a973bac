import type { TaskId, TenantId } from '@millrace/kernel';
import type { Leaseholder, ReportFacts } from '../domain/task-command.js';
import type { Task, TaskRequest } from '../domain/task.js';
import { enqueue, transition } from '../domain/transition.js';
import type { Worker } from '../engine/ports/worker-store.port.js';
import type { PendingTask, WorkerView } from '../policy/snapshot.js';

const LEASED_AT = Date.UTC(2026, 0, 1, 12);
const REQUESTED_AT = Date.UTC(2026, 0, 1);

/** `…-000000000007` for 7: a valid id that sorts by its number. */
export function idOf(number: number): string {
  return `01890a5d-ac96-774b-bcce-${number.toString(16).padStart(12, '0')}`;
}

export function taskIdOf(number: number): TaskId {
  return idOf(number) as TaskId;
}

export function aRequest(overrides: Partial<TaskRequest> = {}): TaskRequest {
  return {
    id: taskIdOf(1),
    tenantId: 'acme' as TenantId,
    costCentre: 'default',
    taskType: 'ti2v-5B',
    priority: 0,
    work: { model: 'demo-video@1', input: { prompt: 'a red ball' }, resolution: null, parameters: {} },
    needs: { gpus: 1, vramMiB: 1_024 },
    maxRetries: 3,
    callbackUrl: null,
    metadata: {},
    requestedAt: REQUESTED_AT,
    traceparent: null,
    prediction: { p50GpuMs: 180_000, p90GpuMs: 360_000, basis: 'profile', samples: 0 },
    ...overrides,
  };
}

/** A queued task, sequence 1. */
export function aTask(overrides: Partial<Task> = {}): Task {
  return { ...enqueue(aRequest(), REQUESTED_AT).next, ...overrides };
}

export function aHolder(overrides: Partial<Leaseholder> = {}): Leaseholder {
  return {
    workerId: 'worker-1',
    incarnation: idOf(0xa1),
    instanceId: 'instance-1',
    pool: 'local',
    capacity: 'on_demand',
    pricePerGpuHour: 900_000_000n,
    ...overrides,
  };
}

/** A task with a live lease, epoch 1. */
export function aLeasedTask(task: Task = aTask(), incarnation = idOf(0xa1)): Task {
  return transition(task, { kind: 'leased', holder: aHolder({ incarnation }), reason: 'spec' }, LEASED_AT).next;
}

export function aReport(overrides: Partial<ReportFacts> = {}): ReportFacts {
  return {
    number: 1,
    atMs: 1_000,
    gpuMs: 500,
    step: 1,
    resumedFromStep: null,
    checkpoint: null,
    segmentCount: null,
    ...overrides,
  };
}

export function aPendingTask(number: number, overrides: Partial<PendingTask> = {}): PendingTask {
  return {
    id: taskIdOf(number),
    taskType: 'ti2v-5B',
    priority: 0,
    needs: { gpus: 1, vramMiB: 1_024 },
    requestedAt: REQUESTED_AT + number,
    ...overrides,
  };
}

export function aWorkerView(number: number, overrides: Partial<WorkerView> = {}): WorkerView {
  return {
    workerId: `worker-${number.toString().padStart(5, '0')}`,
    incarnation: idOf(0xa00000 + number),
    pool: 'local',
    gpus: 1,
    vramMiB: 81_920,
    slots: 1,
    usedSlots: 0,
    taskTypes: ['ti2v-5B'],
    draining: false,
    alive: true,
    ...overrides,
  };
}

export function aWorker(overrides: Partial<Worker> = {}): Worker {
  return {
    workerId: 'worker-1',
    incarnation: idOf(0xa1),
    instanceId: 'instance-1',
    pool: 'local',
    capacity: 'on_demand',
    gpuType: 'virtual',
    gpus: 1,
    vramMiB: 81_920,
    slots: 1,
    taskTypes: ['ti2v-5B'],
    engine: 'noop',
    version: '0.1.0',
    traits: {},
    pricePerGpuHour: 900_000_000n,
    state: 'ready',
    registeredAt: REQUESTED_AT,
    heartbeatAt: REQUESTED_AT,
    heartbeatMs: 0,
    ...overrides,
  };
}
