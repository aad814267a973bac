import { preemptRequested } from '@millrace/contracts';
import type { Instant } from '@millrace/kernel';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';
import type { CycleDecisions } from '../policy/decide.js';
import type { Decision, Placement, Preemption } from '../policy/decision.js';
import type { PlacedClass } from '../policy/placement/class-plans.js';
import type { PendingTask, SchedulingSnapshot, WorkerView } from '../policy/snapshot.js';
import type { Leaseholder } from '../domain/task-command.js';
import { liveAttempt, type Task } from '../domain/task.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import type { DecisionSink, SnapshotSource } from './ports/scheduling-world.port.js';
import { hasEnded, type Worker, type WorkerWithLeases } from './ports/worker-store.port.js';
import { readingOf } from './queue-window.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';
import { grantedMilli, quotasInUse, resourcesOf, tellsResources, toRunningTask } from './worker-view.js';

/** The world as the stores and the leader's memory know it, and the way decisions enter it. */
export class StoredWorld implements SnapshotSource, DecisionSink {
  constructor(private readonly context: SchedulingContext) {}

  async read(perTenant: number): Promise<SchedulingSnapshot> {
    const { unitOfWork, record, policy, clock } = this.context;
    const { pending, workers, held } = await unitOfWork.run(async (scope) => {
      const alive = await scope.workers.alive();
      const waiting = await scope.tasks.pending(readingOf(perTenant));
      return { workers: alive, pending: waiting, held: await this.held(scope, waiting, alive) };
    });
    const now = clock.now();
    record.saw(pending);
    record.keepWorkers(new Set(workers.map(({ incarnation }) => incarnation)));
    const byHolder = Map.groupBy(held, ({ incarnation }) => incarnation);
    return {
      pending: pending.map((task) => this.withDemands(task)),
      workers: workers.map((worker) => this.view(worker, byHolder.get(worker.incarnation) ?? [], now)),
      ...(policy.quotas.length === 0 ? {} : { quotas: quotasInUse(policy.quotas, held, policy.demands) }),
      shares: record.shares,
      arrivals: record.arrivals.map((arrived) => this.withDemands(arrived)),
    };
  }

  async apply({ decisions, shares }: CycleDecisions): Promise<readonly Placement[]> {
    const { clock, leaseMs, watch, record } = this.context;
    const placements = decisions.filter((decision) => decision.kind === 'place');
    const preemptions = decisions.flatMap(preemptionOf);
    if (placements.length + preemptions.length === 0) return [];
    const { applied, granted } = await runAsLeader(this.context, async (scope) => {
      const tasks = await scope.tasks.load(placements.map(({ task }) => task.id));
      const holders = await scope.workers.load([...new Set(placements.map(({ worker }) => worker.incarnation))]);
      const byIncarnation = new Map(holders.filter((holder) => !hasEnded(holder)).map((w) => [w.incarnation, w]));
      const changes = new TaskChanges(tasks, { now: clock.now(), leaseMs });
      const done = placements.filter(({ task, worker, reason, devices }) => {
        const holder = byIncarnation.get(worker.incarnation);
        if (holder === undefined) return false;
        const demands = this.context.policy.demands.get(task.taskType);
        const deviceMilli = grantedMilli(holder, devices, task.needs, demands);
        return changes.apply(task.id, { kind: 'leased', holder: toHolder(holder, devices, deviceMilli), reason });
      });
      for (const command of await this.stopVictims(scope, preemptions)) changes.tell(command);
      await changes.write(scope);
      return { applied: done, granted: changes.leases().granted };
    });
    watch.granted(granted, clock.monotonicMs());
    record.decided(shares);
    for (const { task, worker } of applied) record.placed(worker.incarnation, task.taskType);
    return applied;
  }

  /** What runs, where something asks for it: quotas, workers that tell of more than slots, or work that may be stopped. */
  private async held(
    { leases }: SchedulingScope,
    pending: readonly PendingTask[],
    workers: readonly WorkerWithLeases[],
  ): Promise<readonly RunningLease[]> {
    const { quotas, preemption } = this.context.policy;
    if (pending.length === 0) return [];
    if (quotas.length > 0 || workers.some(tellsResources)) return leases.running();
    const lower = preemption?.priorities.filter((priority) => pending.some((task) => task.priority > priority)) ?? [];
    return lower.length === 0 ? [] : leases.running(lower);
  }

  /** Tells the workers of chosen victims to stop them at the next step. One that has ended meanwhile is passed over. */
  private async stopVictims(scope: SchedulingScope, preemptions: readonly Preemption[]): Promise<readonly NewEvent[]> {
    const victims = preemptions.flatMap(({ victims: chosen }) => chosen.map(({ id }) => id));
    if (victims.length === 0) return [];
    const tasks = await scope.tasks.load(victims);
    const live = tasks.flatMap((task) => {
      const attempt = liveAttempt(task);
      return attempt === undefined ? [] : [{ taskId: task.id, epoch: attempt.epoch }];
    });
    const noted = new Set(await scope.leases.noteStop(live, this.context.clock.now()));
    return tasks.filter(({ id }) => noted.has(id)).flatMap(stopCommand);
  }

  private withDemands<Asked extends PlacedClass>(task: Asked): Asked {
    const demands = this.context.policy.demands.get(task.taskType);
    return demands === undefined ? task : { ...task, demands };
  }

  private view(worker: WorkerWithLeases, held: readonly RunningLease[], now: Instant): WorkerView {
    const { watch, clock, record, policy } = this.context;
    const { traits, ...described } = worker;
    const recentTaskTypes = record.recentTypes(worker.incarnation);
    return {
      ...described,
      ...traits,
      ...resourcesOf(worker, held, policy.demands),
      draining: worker.state === 'draining',
      alive: watch.isAlive(worker.incarnation, clock.monotonicMs()),
      ...(recentTaskTypes === undefined ? {} : { recentTaskTypes }),
      ...(policy.preemption === null || held.length === 0
        ? {}
        : { running: held.map((lease) => toRunningTask(lease, policy, now)) }),
    } as WorkerView;
  }
}

function preemptionOf(decision: Decision): readonly Preemption[] {
  return decision.kind === 'wait' && decision.preemption !== undefined ? [decision.preemption] : [];
}

function toHolder(worker: Worker, devices?: readonly number[], deviceMilli?: readonly number[]): Leaseholder {
  const { workerId, incarnation, instanceId, pool, capacity, pricePerGpuHour } = worker;
  const holder = { workerId, incarnation, instanceId, pool, capacity, pricePerGpuHour };
  return {
    ...holder,
    ...(devices === undefined ? {} : { devices }),
    ...(deviceMilli === undefined ? {} : { deviceMilli }),
  };
}

function stopCommand(task: Task): readonly NewEvent[] {
  const attempt = liveAttempt(task);
  if (attempt === undefined) return [];
  const { workerId, incarnation, number, epoch } = attempt;
  const data = { workerId, incarnation, taskId: task.id, tenantId: task.tenantId, attempt: number, epoch };
  const trace = task.traceparent === null ? {} : { traceparent: task.traceparent };
  return [newEvent(preemptRequested, { ...data, reason: 'higher_class' }, { tenantId: task.tenantId, ...trace })];
}
