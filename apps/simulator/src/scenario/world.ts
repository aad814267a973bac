import type { TaskId } from '@millrace/kernel';
import type { ClassName } from './priority-classes.js';
import type { PoolSpec, TaskTypeSpec, TenantSpec } from './scenario.js';

/** One GPU of a worker, and what is free of it. Each mode uses its own of the three: time, memory, slices. */
export interface Device {
  readonly mode: PoolSpec['sharing']['kind'];
  /** Of 1000. */
  freeMilli: number;
  freeVramMiB: number;
  sharers: number;
  readonly slices: { readonly vramMiB: number; busy: boolean }[];
}

/** What an attempt holds of one device. */
export interface DeviceHold {
  readonly index: number;
  readonly milli: number;
  readonly vramMiB: number;
  /** Position in `slices`, where the device is cut. */
  readonly slice: number | undefined;
}

/**
 * booting: costs, and can't work yet. ready. draining: ends what it runs, takes nothing new. dead: silent, and the
 * scheduler may not know yet. gone: ended, costs nothing.
 */
export type WorkerPhase = 'booting' | 'ready' | 'draining' | 'dead' | 'gone';

/** One life of a worker. */
export interface SimulatedWorker {
  readonly pool: PoolSpec;
  readonly workerId: string;
  readonly incarnation: string;
  readonly rack: string;
  phase: WorkerPhase;
  /** The scheduler still takes it for alive. */
  seemsAlive: boolean;
  readonly devices: readonly Device[];
  freeCpuMilli: number;
  freeRamMiB: number;
  loadedModel: string | undefined;
  lastTaskType: string | undefined;
  readonly attempts: Set<SimulatedAttempt>;
}

export interface SimulatedAttempt {
  readonly task: SimulatedTask;
  readonly worker: SimulatedWorker;
  readonly holds: readonly DeviceHold[];
  readonly startedMs: number;
  /** The model that is left to load, in work at rate 1. */
  loadLeftMs: number;
  /** Work of this attempt, at rate 1. */
  doneMs: number;
  /** Work per time; 0 on a dead worker. */
  rate: number;
  settledMs: number;
  /** Goes up when the end moves: an event of an earlier plan is void. */
  plan: number;
  /** Told to stop at its next step. */
  stopping: boolean;
  /** Another member of its gang is on a dead worker: it can't go on. */
  stalled: boolean;
  /** GPU-milliseconds held. */
  gpuMs: number;
  loadGpuMs: number;
}

/** Members that start together. */
export interface SimulatedGang {
  readonly id: string;
  readonly members: SimulatedTask[];
}

export interface SimulatedTask {
  readonly id: TaskId;
  readonly tenant: TenantSpec;
  readonly type: TaskTypeSpec;
  readonly className: ClassName;
  readonly arrivedMs: number;
  /** All of its work at rate 1. */
  readonly serviceMs: number;
  readonly gang: SimulatedGang | undefined;
  state: 'waiting' | 'running' | 'completed';
  attempt: SimulatedAttempt | undefined;
  /** Work that survives the loss of a worker. */
  savedMs: number;
  firstStartMs: number | undefined;
  endedMs: number | undefined;
  /** Time in the queue so far, without the stretch since `waitingSinceMs`. */
  waitedMs: number;
  waitingSinceMs: number;
  /** Why it waits, as the policy said last. */
  reason: string | undefined;
  reasonSinceMs: number;
  gpuMs: number;
  preemptions: number;
  losses: number;
}

/** GPUs of the worker that an attempt holds at this moment: sharers of a GPU have its time in equal measure to theirs. */
export function gpuShareOf({ worker, holds }: Pick<SimulatedAttempt, 'worker' | 'holds'>): number {
  let gpus = 0;
  for (const { index, milli, slice } of holds) {
    const device = worker.devices[index];
    if (device === undefined) continue;
    if (slice !== undefined) gpus += 1 / device.slices.length;
    else gpus += device.mode === 'shared' ? milli / (1_000 - device.freeMilli) : 1;
  }
  return gpus;
}

/** Work an attempt does in a unit of time: the pool's speed, times its share of a GPU's time. */
export function rateOf(attempt: Pick<SimulatedAttempt, 'worker' | 'holds' | 'stalled'>): number {
  const { worker, holds } = attempt;
  if (worker.phase === 'dead' || attempt.stalled) return 0;
  const shared = holds.some(({ index }) => worker.devices[index]?.mode === 'shared');
  return worker.pool.speed * (shared ? gpuShareOf(attempt) : 1);
}
