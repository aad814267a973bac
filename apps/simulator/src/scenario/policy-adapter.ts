import type { Instant } from '@millrace/kernel';
import type {
  GpuView,
  PendingTask,
  PolicyConfig,
  QuotaView,
  RunningTask,
  SchedulingSnapshot,
  WorkerView,
} from '@millrace/scheduling/policy';
import { SHARED_MILLI_DEFAULT } from './device-holds.js';
import { medianOf } from './distribution.js';
import { PRIORITY_CLASSES } from './priority-classes.js';
import type { Scenario, TaskTypeSpec, TenantSpec } from './scenario.js';
import type { Device, SimulatedAttempt, SimulatedTask, SimulatedWorker } from './world.js';

/** Wall clock at the start of every run. */
const STARTED_AT: Instant = Date.UTC(2026, 0, 1);
const SLICES_PER_SHARED_GPU = 1_000 / SHARED_MILLI_DEFAULT;

/** Runs that a prediction looks back on, and how few are too few: the profile's figure holds until then. */
const RUNS_REMEMBERED = 200;
const RUNS_NEEDED = 5;

export function instantOf(nowMs: number): Instant {
  return STARTED_AT + nowMs;
}

/** The settings of the policy: the scenario's own, and the policy's defaults. */
export function policyConfigOf({ policy }: Scenario): PolicyConfig {
  return { maxPlacements: policy.maxPlacements };
}

/** The simulated world as the production policy sees it: nothing of the future, and dead workers only once noticed. */
export class PolicyView {
  private readonly pendingViews = new Map<string, PendingTask>();

  private readonly runs = new Map<string, number[]>();

  constructor(private readonly scenario: Scenario) {}

  snapshot(waiting: Iterable<SimulatedTask>, workers: readonly SimulatedWorker[]): SchedulingSnapshot {
    const shown = workers.filter(({ phase }) => phase !== 'booting' && phase !== 'gone');
    return {
      pending: Array.from(waiting, (task) => this.pendingView(task)),
      workers: shown.map((worker) => this.workerView(worker)),
      quotas: this.quotas(shown),
    };
  }

  /** What a completed task took is what the next ones are predicted by. */
  completed(task: SimulatedTask): void {
    this.pendingViews.delete(task.id);
    const runs = this.runs.get(task.type.name) ?? [];
    runs.push(task.serviceMs * task.type.gpus);
    if (runs.length > RUNS_REMEMBERED) runs.shift();
    this.runs.set(task.type.name, runs);
  }

  private predictGpuMs(type: TaskTypeSpec): number {
    const runs = this.runs.get(type.name) ?? [];
    if (runs.length < RUNS_NEEDED) return Math.round(medianOf(type.service) * type.gpus);
    const sorted = runs.toSorted((a, b) => a - b);
    return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
  }

  private pendingView(task: SimulatedTask): PendingTask {
    const known = this.pendingViews.get(task.id);
    if (known !== undefined) return known;
    const { type, gang } = task;
    const made: PendingTask = {
      id: task.id,
      taskType: type.name,
      priority: PRIORITY_CLASSES[task.className],
      needs: { gpus: type.gpus, vramMiB: type.vramMiB },
      requestedAt: Math.floor(instantOf(task.arrivedMs)),
      tenantId: task.tenant.name,
      ...(type.model !== undefined && { model: type.model }),
      predictedGpuMs: this.predictGpuMs(type),
      demands: demandsOf(type),
      ...(gang !== undefined && {
        gang: { id: gang.id, size: type.gangSize, ...(type.gangWithin && { within: type.gangWithin }) },
      }),
    };
    this.pendingViews.set(task.id, made);
    return made;
  }

  private workerView(worker: SimulatedWorker): WorkerView {
    const { pool } = worker;
    const running = [...worker.attempts];
    return {
      workerId: worker.workerId,
      incarnation: worker.incarnation,
      pool: pool.name,
      gpus: pool.gpus,
      vramMiB: pool.sharing.kind === 'mig' ? Math.max(...pool.sharing.sliceVramMiB) : pool.vramMiB,
      slots: pool.gpus * placesOf(worker),
      usedSlots: running.reduce((sum, { holds }) => sum + holds.length, 0),
      taskTypes: pool.taskTypes.length > 0 ? pool.taskTypes : this.scenario.taskTypes.map(({ name }) => name),
      draining: worker.phase === 'draining',
      alive: worker.seemsAlive,
      gpuType: pool.gpuType,
      ...(pool.purpose !== undefined && { purpose: pool.purpose }),
      taints: pool.taints,
      labels: pool.labels,
      zone: pool.zone,
      rack: worker.rack,
      ...(pool.cpuMilli !== undefined && { cpuMilli: pool.cpuMilli, freeCpuMilli: worker.freeCpuMilli }),
      ...(pool.ramMiB !== undefined && { ramMiB: pool.ramMiB, freeRamMiB: worker.freeRamMiB }),
      devices: worker.devices.map(deviceView),
      loadedModels: worker.loadedModel === undefined ? [] : [worker.loadedModel],
      recentTaskTypes: worker.lastTaskType === undefined ? [] : [worker.lastTaskType],
      running: running.map(runningView),
    };
  }

  private quotas(workers: readonly SimulatedWorker[]): readonly QuotaView[] {
    const limited = this.scenario.tenants.filter(({ quota }) => Object.keys(quota).length > 0);
    const running = workers.flatMap(({ attempts }) => [...attempts]);
    return limited.map((tenant) =>
      quotaView(
        tenant,
        running.filter(({ task }) => task.tenant === tenant),
      ),
    );
  }
}

function demandsOf(type: TaskTypeSpec): NonNullable<PendingTask['demands']> {
  return {
    ...(type.cpuMilli !== undefined && { cpuMilli: type.cpuMilli }),
    ...(type.ramMiB !== undefined && { ramMiB: type.ramMiB }),
    gpuUse: type.gpuUse,
    ...(type.gpuUse === 'shared' && { gpuMilli: type.gpuMilli ?? SHARED_MILLI_DEFAULT }),
    ...(type.gpuTypes.length > 0 && { gpuTypes: type.gpuTypes }),
    ...(type.tolerations.length > 0 && { tolerations: type.tolerations }),
    ...(type.purpose !== undefined && { purpose: type.purpose }),
  };
}

function deviceView({ mode, freeMilli, freeVramMiB, sharers, slices }: Device): GpuView {
  return {
    mode,
    freeMilli,
    freeVramMiB,
    ...(mode === 'shared' && { sharers }),
    ...(mode === 'mig' && { slices: slices.map(({ vramMiB, busy }) => ({ vramMiB, busy })) }),
  };
}

function runningView({ task, holds, startedMs, stopping }: SimulatedAttempt): RunningTask {
  const { type } = task;
  return {
    id: task.id,
    taskType: type.name,
    priority: PRIORITY_CLASSES[task.className],
    preemptible: type.preemptible,
    startedAt: Math.floor(instantOf(startedMs)),
    // What is done up to a step survives: its latent is small enough to be saved at each stop.
    unsavedMs: 0,
    preemptions: task.preemptions,
    stopping,
    devices: holds.map(({ index }) => index),
    needs: { gpus: type.gpus, vramMiB: type.vramMiB },
    demands: demandsOf(type),
  };
}

function quotaView({ name, quota }: TenantSpec, running: readonly SimulatedAttempt[]): QuotaView {
  const sum = (of: (attempt: SimulatedAttempt) => number): number => running.reduce((all, one) => all + of(one), 0);
  return {
    scope: 'tenant',
    name,
    ...quota,
    usedGpuMilli: sum(({ task, holds }) =>
      task.type.gpuUse === 'shared' ? (holds[0]?.milli ?? 0) : task.type.gpus * 1_000,
    ),
    usedCpuMilli: sum(({ task }) => task.type.cpuMilli ?? 0),
    usedRamMiB: sum(({ task }) => task.type.ramMiB ?? 0),
    usedTasks: running.length,
  };
}

/** Attempts at once on a GPU of this worker. */
function placesOf({ pool }: SimulatedWorker): number {
  if (pool.sharing.kind === 'mig') return pool.sharing.sliceVramMiB.length;
  return pool.sharing.kind === 'shared' ? SLICES_PER_SHARED_GPU : 1;
}
