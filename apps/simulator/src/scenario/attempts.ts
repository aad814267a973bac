import { findHolds, moveHolds } from './device-holds.js';
import type { EventHeap } from './event-heap.js';
import { addTo, type Tallies } from './tallies.js';
import { gpuShareOf, rateOf, type SimulatedAttempt, type SimulatedTask, type SimulatedWorker } from './world.js';

/** What attempts tell. */
export interface AttemptListener {
  /** The attempt has left its worker, whatever the reason. */
  attemptEnded(attempt: SimulatedAttempt): void;
  /** The task is back in its lane. */
  taskRequeued(task: SimulatedTask): void;
  taskCompleted(task: SimulatedTask): void;
}

/** Work that is left by rounding only, ms. */
const DONE_TOLERANCE_MS = 1e-3;

/** Runs attempts: each moves at the rate that its worker gives it, and ends when its work is done. */
export class Attempts {
  /** Those that hold something; on a dead worker until their lease runs out. */
  readonly running = new Set<SimulatedAttempt>();

  constructor(
    private readonly heap: EventHeap,
    private readonly tallies: Tallies,
    private readonly leaseMs: number,
    private readonly listener: AttemptListener,
  ) {}

  /** Starts a task where the policy placed it. Throws if there is no room: then the policy oversubscribed the worker. */
  start(task: SimulatedTask, worker: SimulatedWorker, devices: readonly number[] | undefined): void {
    const holds = findHolds(worker, task.type, devices);
    if (holds === undefined || (worker.phase !== 'ready' && worker.phase !== 'dead'))
      throw new Error(
        `The policy placed ${task.id} (${task.type.name}) on ${worker.workerId}, which has no room for it.`,
      );
    const attempt: SimulatedAttempt = {
      task,
      worker,
      holds,
      startedMs: this.heap.nowMs,
      loadLeftMs: worker.loadedModel === task.type.model ? 0 : task.type.loadMs,
      doneMs: 0,
      rate: 0,
      settledMs: this.heap.nowMs,
      plan: 0,
      stopping: false,
      stalled: false,
      gpuMs: 0,
      loadGpuMs: 0,
    };
    task.state = 'running';
    task.attempt = attempt;
    this.running.add(attempt);
    task.firstStartMs ??= this.heap.nowMs;
    this.changeOn(worker, () => {
      moveHolds(worker, task.type, holds, 1);
      worker.attempts.add(attempt);
      worker.loadedModel = task.type.model;
      worker.lastTaskType = task.type.name;
    });
    // A dead worker never starts it: the lease runs out.
    if (worker.phase === 'dead') this.expire(attempt);
    if (membersOf(attempt).some((one) => one.worker.phase === 'dead')) this.stallGang(attempt);
  }

  /** The worker is dead or gone: the scheduler notices when the lease runs out, or at once where it was told. */
  strand(attempt: SimulatedAttempt): void {
    if (attempt.worker.phase !== 'dead') return this.lose(attempt);
    this.stallGang(attempt);
    this.expire(attempt);
  }

  /** A gang works in step: with one member gone, the others hold their GPUs and get nowhere. */
  private stallGang(attempt: SimulatedAttempt): void {
    for (const one of membersOf(attempt)) {
      this.changeOn(one.worker, () => {
        one.stalled = true;
      });
    }
  }

  /** Tells an attempt, and its whole gang, to stop at the next step; what is done by then is kept. */
  preempt(attempt: SimulatedAttempt): void {
    for (const one of membersOf(attempt)) {
      if (one.stopping) continue;
      one.stopping = true;
      this.settle(one);
      this.plan(one);
    }
  }

  /** Takes the time since the last change into account. */
  settle(attempt: SimulatedAttempt): void {
    const elapsedMs = this.heap.nowMs - attempt.settledMs;
    attempt.settledMs = this.heap.nowMs;
    if (elapsedMs <= 0 || attempt.rate === 0) return;
    const gpuMs = gpuShareOf(attempt) * elapsedMs;
    const work = elapsedMs * attempt.rate;
    const loaded = Math.min(work, attempt.loadLeftMs);
    attempt.gpuMs += gpuMs;
    attempt.loadGpuMs += (gpuMs * loaded) / work;
    attempt.loadLeftMs -= loaded;
    attempt.doneMs += work - loaded;
  }

  /** Settles all attempts of a worker, changes who is on it, and gives each its new rate. */
  private changeOn(worker: SimulatedWorker, change: () => void): void {
    this.tallies.advance(this.heap.nowMs);
    this.countBusy(worker, -1);
    for (const attempt of worker.attempts) this.settle(attempt);
    change();
    for (const attempt of worker.attempts) {
      const rate = rateOf(attempt);
      if (rate === attempt.rate && attempt.plan > 0) continue;
      attempt.rate = rate;
      this.plan(attempt);
    }
    this.countBusy(worker, 1);
  }

  private countBusy(worker: SimulatedWorker, sign: 1 | -1): void {
    for (const attempt of worker.attempts) {
      if (attempt.rate === 0) continue;
      const gpus = sign * gpuShareOf(attempt);
      this.tallies.gauges.busyGpus += gpus;
      addTo(this.tallies.poolBusyGpus, worker.pool.name, gpus);
      const tenant = this.tallies.tenants.get(attempt.task.tenant.name);
      if (tenant !== undefined) tenant.busyGpus += gpus;
    }
  }

  /** Plans the end of an attempt at its present rate: its work's, or its next step's where it is to stop. */
  private plan(attempt: SimulatedAttempt): void {
    attempt.plan += 1;
    const { plan, rate } = attempt;
    if (rate === 0) return;
    this.heap.after(this.workLeftMs(attempt) / rate, () => {
      if (attempt.plan !== plan) return;
      this.settle(attempt);
      if (!attempt.stopping || leftOf(attempt) <= DONE_TOLERANCE_MS) this.complete(attempt);
      else this.stop(attempt);
    });
  }

  private workLeftMs(attempt: SimulatedAttempt): number {
    const left = leftOf(attempt);
    if (!attempt.stopping) return attempt.loadLeftMs + left;
    // A model that still loads is given up at once.
    if (attempt.loadLeftMs > 0) return 0;
    const { stepMs } = attempt.task.type;
    return Math.min(left, Math.ceil(attempt.doneMs / stepMs + 1e-9) * stepMs - attempt.doneMs);
  }

  private complete(attempt: SimulatedAttempt): void {
    this.leave(attempt);
    const { task } = attempt;
    task.state = 'completed';
    task.endedMs = this.heap.nowMs;
    this.listener.taskCompleted(task);
  }

  private stop(attempt: SimulatedAttempt): void {
    this.leave(attempt);
    this.tallies.preemptions += 1;
    attempt.task.preemptions += 1;
    attempt.task.savedMs += attempt.doneMs;
    this.requeue(attempt.task);
  }

  private expire(attempt: SimulatedAttempt): void {
    this.heap.after(this.leaseMs, () => {
      if (attempt.task.attempt === attempt) this.lose(attempt);
    });
  }

  /** The worker's end took the attempt: what was saved last is kept. A gang goes back as a whole. */
  private lose(attempt: SimulatedAttempt): void {
    for (const one of membersOf(attempt)) this.loseOne(one);
  }

  private loseOne(attempt: SimulatedAttempt): void {
    this.leave(attempt);
    const { task } = attempt;
    const reachedMs = task.savedMs + attempt.doneMs;
    const { checkpointMs } = task.type;
    const keptMs = checkpointMs > 0 ? Math.max(task.savedMs, Math.floor(reachedMs / checkpointMs) * checkpointMs) : 0;
    const lostMs = Math.min(reachedMs - keptMs, attempt.doneMs);
    const workGpuMs = attempt.gpuMs - attempt.loadGpuMs;
    this.tallies.lostGpuMs += attempt.doneMs > 0 ? (workGpuMs * lostMs) / attempt.doneMs : 0;
    this.tallies.attemptsLost += 1;
    task.losses += 1;
    task.savedMs = keptMs;
    this.requeue(task);
  }

  private requeue(task: SimulatedTask): void {
    task.state = 'waiting';
    task.waitingSinceMs = this.heap.nowMs;
    task.reasonSinceMs = this.heap.nowMs;
    this.listener.taskRequeued(task);
  }

  private leave(attempt: SimulatedAttempt): void {
    const { task, worker } = attempt;
    this.changeOn(worker, () => {
      moveHolds(worker, task.type, attempt.holds, -1);
      worker.attempts.delete(attempt);
    });
    attempt.plan += 1;
    this.running.delete(attempt);
    task.attempt = undefined;
    task.gpuMs += attempt.gpuMs;
    this.tallies.loadGpuMs += attempt.loadGpuMs;
    this.listener.attemptEnded(attempt);
  }
}

/** The running attempts that stand and fall with this one, itself among them. */
function membersOf(attempt: SimulatedAttempt): readonly SimulatedAttempt[] {
  const members = attempt.task.gang?.members ?? [attempt.task];
  return members.flatMap((task) => task.attempt ?? []);
}

/** Work that is left of the task, without the load. */
function leftOf({ task, doneMs }: SimulatedAttempt): number {
  return task.serviceMs - task.savedMs - doneMs;
}
