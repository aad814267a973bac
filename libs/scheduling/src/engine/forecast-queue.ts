import type { Instant } from '@millrace/kernel';
import type { PredictedTime } from '../domain/task.js';
import type { Wait } from '../policy/decision.js';
import type { FairShares, OrderingPolicy, QueuedTask } from '../policy/ordering/ordering-policy.js';
import { ServiceOrder } from '../policy/ordering/service-order.js';
import { estimateQueue, type EstimateRecord, type TaskEstimate } from '../policy/prediction/queue-estimate.js';
import type { WaitingCode } from '../policy/waiting-reasons.js';
import { gpusInService } from './gpus-in-service.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { WorkerWithLeases } from './ports/worker-store.port.js';

const MS = 1000;
/** Nothing that runs now will serve what waits for these: when it starts can't be told. */
const UNTOLD: ReadonlySet<WaitingCode> = new Set([
  'no_fitting_worker',
  'pool_draining',
  'tenant_quota',
  'tenant_concurrency',
  'gang_incomplete',
  'no_spot_capacity',
  'batch_not_triggered',
  'paused_pool',
  'pool_scaling_up',
]);

/** A waiting task with its place among all tenants'. Seconds from now; undefined where nothing that runs will serve it. */
export interface TaskForecast {
  readonly wait: Wait;
  readonly position: number;
  readonly aheadGpuSeconds: number;
  readonly startS: { readonly p50: number; readonly p90: number } | undefined;
  readonly finishS: { readonly p50: number; readonly p90: number } | undefined;
  readonly plainSeconds: number;
  readonly basis: PredictedTime['basis'];
}

export interface ForecastInput {
  /** What the last cycle left waiting. */
  readonly waits: readonly Wait[];
  readonly predictionOf: (wait: Wait) => PredictedTime;
  readonly running: readonly RunningLease[];
  readonly workers: readonly WorkerWithLeases[];
  readonly ordering: OrderingPolicy;
  readonly shares: FairShares;
  readonly record: EstimateRecord;
  readonly now: Instant;
}

interface Queued extends QueuedTask {
  readonly wait: Wait;
}

/**
 * Serves what waits in the order of the policy, as if every GPU took the next task once it is free, and tells of each task
 * what is ahead of it. Task types that share no worker, not even by way of others, are queues of their own.
 */
export function forecastQueue(input: ForecastInput): readonly TaskForecast[] {
  const queues = queuesOf(input.workers);
  const byQueue = Map.groupBy(input.waits, ({ task }) => queues.get(task.taskType) ?? task.taskType);
  return [...byQueue].flatMap(([name, waits]) => forecastOne(name, waits, queues, input));
}

function forecastOne(
  name: string,
  waits: readonly Wait[],
  queues: ReadonlyMap<string, string>,
  { predictionOf, running, workers, ordering, shares, record, now }: ForecastInput,
): readonly TaskForecast[] {
  const inQueue = ({ taskType }: { readonly taskType: string }): boolean => (queues.get(taskType) ?? taskType) === name;
  const gpus = workers
    .filter(({ taskTypes, state }) => state === 'ready' && taskTypes.some((taskType) => inQueue({ taskType })))
    .reduce((sum, worker) => sum + Math.min(gpusInService(worker), worker.slots), 0);
  const order = new ServiceOrder<Queued>(ordering, shares);
  for (const wait of waits) order.add(toQueued(wait));
  order.begin(now);
  const state = {
    runningGpuSeconds: leftOf(running.filter(inQueue), now),
    gpus: Math.max(1, gpus),
    record,
    ordering,
    now,
  };
  const estimates = estimateQueue(order, ({ wait }) => toPrediction(predictionOf(wait)), state);
  return Array.from(estimates, (estimate) => toForecast(estimate, predictionOf(estimate.task.wait), gpus > 0));
}

/** The queue that each task type belongs to, by the name of one of its types. */
function queuesOf(workers: readonly WorkerWithLeases[]): ReadonlyMap<string, string> {
  const queues = new Map<string, string>();
  for (const types of new Map(workers.map(({ taskTypes }) => [taskTypes.join('/'), taskTypes])).values()) {
    const joined = new Set(types.map((type) => queues.get(type) ?? type));
    const [name = ''] = joined;
    for (const [type, queue] of queues) if (joined.has(queue)) queues.set(type, name);
    for (const type of types) queues.set(type, name);
  }
  return queues;
}

function toQueued(wait: Wait): Queued {
  const { id, tenantId = '', priority, requestedAt, taskType, predictedGpuMs = 0 } = wait.task;
  return { id, tenantId, priority, requestedAt, pool: '', shape: taskType, gpuSeconds: predictedGpuMs / MS, wait };
}

function toPrediction({ p50GpuMs, p90GpuMs, basis, samples }: PredictedTime) {
  return { p50GpuSeconds: p50GpuMs / MS, p90GpuSeconds: p90GpuMs / MS, basis, samples };
}

/** GPU-seconds that running tasks have left of what was foretold; one that takes longer is held to be about to end. */
function leftOf(running: readonly RunningLease[], now: Instant): number {
  return running.reduce((sum, lease) => {
    const hasRunMs = Math.max(0, now - (lease.startedAt ?? lease.leasedAt)) * lease.needs.gpus;
    return sum + Math.max(0, lease.prediction.p50GpuMs - hasRunMs) / MS;
  }, 0);
}

function toForecast(estimate: TaskEstimate<Queued>, own: PredictedTime, served: boolean): TaskForecast {
  const { task, position, gpuSecondsAhead, p50Seconds, p90Seconds, plainSeconds } = estimate;
  const told = served && !UNTOLD.has(task.wait.reason);
  const ownSeconds = own.p50GpuMs / MS;
  const startP50 = Math.max(0, p50Seconds - ownSeconds);
  return {
    wait: task.wait,
    position,
    aheadGpuSeconds: gpuSecondsAhead,
    startS: told ? { p50: startP50, p90: Math.max(startP50, p90Seconds - ownSeconds) } : undefined,
    finishS: told ? { p50: p50Seconds, p90: p90Seconds } : undefined,
    plainSeconds,
    basis: own.basis,
  };
}
