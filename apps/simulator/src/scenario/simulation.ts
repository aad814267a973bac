import {
  decideCycle,
  type CycleDecisions,
  type Decision,
  type PolicyConfig,
  type SchedulingSnapshot,
} from '@millrace/scheduling/policy';
import { Arrivals } from './arrivals.js';
import { Attempts } from './attempts.js';
import { EventHeap } from './event-heap.js';
import { Fleet } from './fleet.js';
import { PolicyView, instantOf } from './policy-adapter.js';
import { policyConfigOf } from './policy-config.js';
import type { Scenario } from './scenario.js';
import { addTo, Tallies } from './tallies.js';
import type { SimulatedTask, SimulatedWorker } from './world.js';

/** Events and decisions between two looks at whoever may want to stop or be told how far it is: some tenths of a second. */
const WORK_PER_STEP = 20_000;
/** While tasks wait and nothing happens, the policy still looks: ages grow. */
const IDLE_CYCLE_MS = 60_000;
/** A run that drains ends at latest after so many times its duration: some task may fit nowhere. */
const DRAIN_LIMIT = 10;

export interface SimulationResult {
  readonly scenario: Scenario;
  /** Virtual time at the end. */
  readonly endedMs: number;
  /** False where somebody stopped it. */
  readonly complete: boolean;
  readonly events: number;
  readonly tasks: readonly SimulatedTask[];
  readonly tallies: Tallies;
}

export interface SimulationOptions {
  /** The production policy, unless a test gives another to show that the expectations notice. */
  readonly policy?: (snapshot: SchedulingSnapshot, config: PolicyConfig, now: number) => CycleDecisions;
}

/** Runs a scenario through the production policy in virtual time. One owner; the same scenario gives the same result. */
export class Simulation {
  private readonly heap = new EventHeap();
  private readonly tasks: SimulatedTask[] = [];
  private readonly waiting = new Map<string, SimulatedTask>();
  private readonly tallies: Tallies;
  private readonly fleet: Fleet;
  private readonly attempts: Attempts;
  private readonly view: PolicyView;
  private readonly config: PolicyConfig;
  private readonly policy: NonNullable<SimulationOptions['policy']>;
  private events = 0;
  private nextStepAt = WORK_PER_STEP;
  private lastCycleMs = -Infinity;
  private cyclePlannedMs = Infinity;

  constructor(
    private readonly scenario: Scenario,
    { policy = decideCycle }: SimulationOptions = {},
  ) {
    this.policy = policy;
    this.tallies = new Tallies(scenario.durationMs, scenario.tenants);
    this.config = policyConfigOf(scenario);
    this.view = new PolicyView(scenario);
    this.attempts = new Attempts(this.heap, this.tallies, scenario.leaseMs, {
      attemptEnded: (attempt) => {
        this.fleet.attemptLeft(attempt.worker);
        this.wantCycle();
      },
      taskRequeued: (task) => this.enqueue(task),
      taskCompleted: (task) => this.view.completed(task),
    });
    this.fleet = new Fleet(scenario, this.heap, this.tallies, {
      capacityChanged: () => this.wantCycle(),
      attemptStranded: (attempt) => this.attempts.strand(attempt),
    });
  }

  /** Runs the whole scenario; after some thousand events or decisions it hands virtual time out and can be left. */
  *run(): Generator<{ readonly nowMs: number; readonly events: number }, SimulationResult> {
    this.fleet.start();
    new Arrivals(this.scenario, this.heap, (tasks) => this.arrive(tasks)).start();
    while (!this.isOver()) {
      this.heap.take()?.();
      this.events += 1;
      if (this.events + this.tallies.decisions < this.nextStepAt) continue;
      this.nextStepAt = this.events + this.tallies.decisions + WORK_PER_STEP;
      yield { nowMs: this.heap.nowMs, events: this.events };
    }
    if (!this.scenario.drain) this.heap.moveTo(this.scenario.durationMs);
    return this.result(true);
  }

  /** What is known so far. */
  result(complete: boolean): SimulationResult {
    this.tallies.advance(this.heap.nowMs);
    for (const task of this.waiting.values()) this.noteReason(task, task.reason);
    for (const { attempt } of this.tasks) if (attempt !== undefined) this.attempts.settle(attempt);
    const { scenario, events, tasks, tallies } = this;
    return { scenario, endedMs: this.heap.nowMs, complete, events, tasks, tallies };
  }

  private isOver(): boolean {
    const nextMs = this.heap.nextAtMs();
    const { durationMs, drain } = this.scenario;
    if (nextMs <= durationMs) return false;
    const busy = this.waiting.size > 0 || this.fleet.workers.some(({ attempts }) => attempts.size > 0);
    return !drain || !busy || nextMs > durationMs * DRAIN_LIMIT;
  }

  private arrive(tasks: readonly SimulatedTask[]): void {
    for (const task of tasks) {
      this.tasks.push(task);
      this.view.arrived(task);
      this.enqueue(task);
    }
  }

  private enqueue(task: SimulatedTask): void {
    this.count(task, 1);
    this.waiting.set(task.id, task);
    this.wantCycle();
  }

  private count(task: SimulatedTask, sign: 1 | -1): void {
    this.tallies.advance(this.heap.nowMs);
    this.tallies.gauges.waiting[task.className] += sign;
    const tenant = this.tallies.tenants.get(task.tenant.name);
    if (tenant !== undefined) tenant.waiting += sign;
  }

  /** Plans a cycle as soon as the pace allows, unless one is planned by then. */
  private wantCycle(): void {
    this.planCycle(Math.max(this.heap.nowMs, this.lastCycleMs + this.scenario.cycleMs));
  }

  private planCycle(atMs: number): void {
    if (this.cyclePlannedMs <= atMs) return;
    this.cyclePlannedMs = atMs;
    this.heap.at(atMs, () => {
      if (this.cyclePlannedMs !== atMs) return;
      this.cyclePlannedMs = Infinity;
      this.cycle();
    });
  }

  /** 1. Read the world. 2. Decide, purely: the production policy. 3. Apply. */
  private cycle(): void {
    if (this.waiting.size === 0) return;
    this.lastCycleMs = this.heap.nowMs;
    const { workers } = this.fleet;
    const snapshot = this.view.snapshot(this.waiting.values(), workers, this.attempts.running);
    const { decisions, shares } = this.policy(snapshot, this.config, Math.floor(instantOf(this.heap.nowMs)));
    this.view.remember(shares);
    this.tallies.cycles += 1;
    this.tallies.decisions += decisions.length;
    const byIncarnation = new Map(workers.map((worker) => [worker.incarnation, worker]));
    let again = false;
    for (const decision of decisions) again = this.apply(decision, byIncarnation) || again;
    if (again) this.wantCycle();
    else if (this.waiting.size > 0) this.planCycle(this.heap.nowMs + IDLE_CYCLE_MS);
  }

  /** Returns whether another cycle should follow at once. */
  private apply(decision: Decision, workers: ReadonlyMap<string, SimulatedWorker>): boolean {
    const task = this.waiting.get(decision.task.id);
    if (task === undefined) throw new Error(`The policy decided on ${decision.task.id}, which does not wait.`);
    if (decision.kind === 'place') {
      const worker = workers.get(decision.worker.incarnation);
      if (worker === undefined) throw new Error(`The policy placed ${task.id} on a worker that is not there.`);
      this.place(task, worker, decision.devices, decision.reason);
      return false;
    }
    this.noteReason(task, decision.reason);
    for (const { id } of decision.preemption?.victims ?? []) {
      const victim = [...(workers.get(decision.preemption?.worker.incarnation ?? '')?.attempts ?? [])].find(
        (attempt) => attempt.task.id === id,
      );
      if (victim !== undefined) this.attempts.preempt(victim);
    }
    return decision.reason === 'cycle_limit';
  }

  private place(
    task: SimulatedTask,
    worker: SimulatedWorker,
    devices: readonly number[] | undefined,
    reason: string,
  ): void {
    this.noteReason(task, undefined);
    addTo(this.tallies.placements, reason, 1);
    task.waitedMs += this.heap.nowMs - task.waitingSinceMs;
    this.waiting.delete(task.id);
    this.count(task, -1);
    this.attempts.start(task, worker, devices);
  }

  /** Time in the queue belongs to the reason that held in it. */
  private noteReason(task: SimulatedTask, reason: string | undefined): void {
    if (task.reason !== undefined)
      addTo(this.tallies.waitedMsByReason, task.reason, this.heap.nowMs - task.reasonSinceMs);
    task.reason = reason;
    task.reasonSinceMs = this.heap.nowMs;
  }
}
