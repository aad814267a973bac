import type { Instant } from '@millrace/kernel';
import {
  ArrivedClasses,
  GpuSecondsHistory,
  type FairShares,
  type GpuView,
  type PendingTask,
  type PlacedClass,
  type ProfileFigure,
  type QuotaView,
  type RunKey,
  type RunningTask,
  type SchedulingSnapshot,
  type WorkerView,
} from '@millrace/scheduling/policy';
import { SHARED_MILLI_DEFAULT } from './device-holds.js';
import { medianOf } from './distribution.js';
import { preemptiblePriorities } from './policy-config.js';
import { PRIORITY_CLASSES } from './priority-classes.js';
import type { Scenario, TaskTypeSpec, TenantSpec } from './scenario.js';
import type { Device, SimulatedAttempt, SimulatedGang, SimulatedTask, SimulatedWorker } from './world.js';

/** Wall clock at the start of every run. */
const STARTED_AT: Instant = Date.UTC(2026, 0, 1);
const SLICES_PER_SHARED_GPU = 1_000 / SHARED_MILLI_DEFAULT;

export function instantOf(nowMs: number): Instant {
  return STARTED_AT + nowMs;
}

/** The simulated world as the production policy sees it: nothing of the future, and dead workers only once noticed. */
export class PolicyView {
  private readonly pendingViews = new Map<string, PendingTask>();

  private readonly history: GpuSecondsHistory;
  private readonly preemptible: ReadonlySet<number>;
  private shares: FairShares | undefined;
  private readonly arrivals = new ArrivedClasses();

  constructor(private readonly scenario: Scenario) {
    const types = new Map(scenario.taskTypes.map((type) => [type.name, type]));
    this.preemptible = preemptiblePriorities(scenario);
    this.history = new GpuSecondsHistory(({ taskType }) => profileOf(types.get(taskType)));
  }

  snapshot(
    waiting: Iterable<SimulatedTask>,
    workers: readonly SimulatedWorker[],
    running: Iterable<SimulatedAttempt>,
  ): SchedulingSnapshot {
    const shown = workers.filter(({ phase }) => phase !== 'booting' && phase !== 'gone');
    return {
      pending: Array.from(waiting, (task) => this.pendingView(task)),
      arrivals: this.arrivals.popular(),
      workers: shown.map((worker) => this.workerView(worker)),
      quotas: this.quotas([...running]),
      ...(this.shares !== undefined && { shares: this.shares }),
    };
  }

  /** Tasks came in: more like them are expected. */
  arrived({ type, arrivedMs }: SimulatedTask): void {
    this.arrivals.add(placedClassOf(type), instantOf(arrivedMs));
  }

  /** How the tenants stand after a cycle: the next one goes on from there. */
  remember(shares: FairShares): void {
    this.shares = shares;
  }

  /** What a completed task took is what the next ones are predicted by. */
  completed(task: SimulatedTask): void {
    this.pendingViews.delete(task.id);
    this.history.record(runKeyOf(task.type), (task.serviceMs * task.type.gpus) / 1_000);
  }

  private pendingView(task: SimulatedTask): PendingTask {
    const known = this.pendingViews.get(task.id);
    if (known !== undefined) return known;
    const { type, gang } = task;
    const made: PendingTask = {
      id: task.id,
      ...placedClassOf(type),
      priority: PRIORITY_CLASSES[task.className],
      requestedAt: Math.floor(instantOf(task.arrivedMs)),
      tenantId: task.tenant.name,
      predictedGpuMs: Math.round(this.history.predict(runKeyOf(type)).p50GpuSeconds * 1_000),
      ...(gang !== undefined && { gang: gangView(gang, type) }),
    };
    // The size of a gang changes when a member is done before the others.
    if (gang === undefined) this.pendingViews.set(task.id, made);
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
      running: running.map((attempt) => runningView(attempt, this.preemptible)),
    };
  }

  private quotas(running: readonly SimulatedAttempt[]): readonly QuotaView[] {
    const limited = this.scenario.tenants.filter(({ quota }) => Object.keys(quota).length > 0);
    return limited.map((tenant) =>
      quotaView(
        tenant,
        running.filter(({ task }) => task.tenant === tenant),
      ),
    );
  }
}

/** Before there is any history, the policy knows the type's median. */
function profileOf(type: TaskTypeSpec | undefined): ProfileFigure {
  const gpuSeconds = type === undefined ? 0 : (medianOf(type.service) * type.gpus) / 1_000;
  return { p50GpuSeconds: gpuSeconds, p90GpuSeconds: gpuSeconds };
}

function runKeyOf(type: TaskTypeSpec): RunKey {
  return { taskType: type.name, resolution: null, frames: null, steps: null, model: type.model ?? '', pool: '' };
}

function placedClassOf(type: TaskTypeSpec): PlacedClass {
  return {
    taskType: type.name,
    needs: { gpus: type.gpus, vramMiB: type.vramMiB },
    ...(type.model !== undefined && { model: type.model }),
    demands: demandsOf(type),
  };
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

function gangView({ id, members }: SimulatedGang, type: TaskTypeSpec): NonNullable<PendingTask['gang']> {
  const size = members.filter(({ state }) => state !== 'completed').length;
  return { id, size, ...(type.gangWithin !== undefined && { within: type.gangWithin }) };
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

function runningView(
  { task, holds, startedMs, stopping }: SimulatedAttempt,
  preemptible: ReadonlySet<number>,
): RunningTask {
  const { type } = task;
  const priority = PRIORITY_CLASSES[task.className];
  return {
    id: task.id,
    taskType: type.name,
    priority,
    preemptible: type.preemptible && preemptible.has(priority),
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
