import { preemptRequested } from '@millrace/contracts';
import type { Instant } from '@millrace/kernel';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';
import type { CycleDecisions } from '../policy/decide.js';
import type { Decision, Placement, Preemption } from '../policy/decision.js';
import type { PendingTask, PlacedClass, SchedulingSnapshot, WorkerView } from '../policy/snapshot.js';
import type { Leaseholder } from '../domain/task-command.js';
import { liveAttempt, type Task } from '../domain/task.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import type { DecisionSink, SnapshotSource } from './ports/scheduling-world.port.js';
import type { QueueReading, WaitingTask } from './ports/task-store.port.js';
import { hasEnded, type Worker, type WorkerWithLeases } from './ports/worker-store.port.js';
import { readingOf } from './queue-window.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';
import { grantedMilli, quotasInUse, resourcesOf, tellsResources, toRunningTask } from './worker-view.js';

interface LiveReading {
  readonly workers: readonly WorkerWithLeases[];
  readonly pending: readonly WaitingTask[];
  readonly held: readonly RunningLease[];
}

/** The world as the stores and the leader's memory know it, and the way decisions enter it. */
export class StoredWorld implements SnapshotSource, DecisionSink {
  constructor(private readonly context: SchedulingContext) {}

  async read(perTenant: number): Promise<SchedulingSnapshot> {
    const { record, policy, clock } = this.context;
    const { pending, workers, held } = await this.live(readingOf(perTenant));
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
    const { clock, leaseMs, watch, record, live } = this.context;
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
    // What it decided on is not what the tables hold.
    if (applied.length < placements.length) live.forget();
    record.decided(shares);
    for (const { task, worker } of applied) record.placed(worker.incarnation, task.taskType);
    return applied;
  }

  /** From memory, and from the tables where that does not hold all there is. */
  private async live(reading: QueueReading): Promise<LiveReading> {
    const { unitOfWork, live, clock } = this.context;
    if (live.isKnown) return this.remembered(reading);
    return unitOfWork.run(async (scope) => {
      if (await live.ensure(scope, clock.monotonicMs())) return this.remembered(reading);
      const [workers, pending] = [await scope.workers.alive(), await scope.tasks.pending(reading)];
      const asked = this.askedFor(pending, workers);
      return { workers, pending, held: asked === 'none' ? [] : await scope.leases.running(asked) };
    });
  }

  private remembered(reading: QueueReading): LiveReading {
    const { live } = this.context;
    const [workers, pending] = [live.workers(), live.pending(reading)];
    const asked = this.askedFor(pending, workers);
    return { workers, pending, held: asked === 'none' ? [] : live.running(asked) };
  }

  /**
   * Which of what runs something asks for: all (undefined) for quotas and workers that tell of more than slots, the classes
   * that may be stopped for what waits, or none.
   */
  private askedFor(
    pending: readonly PendingTask[],
    workers: readonly WorkerWithLeases[],
  ): readonly number[] | undefined | 'none' {
    const { quotas, preemption } = this.context.policy;
    if (pending.length === 0) return 'none';
    if (quotas.length > 0 || workers.some(tellsResources)) return undefined;
    const lower = preemption?.priorities.filter((priority) => pending.some((task) => task.priority > priority)) ?? [];
    return lower.length === 0 ? 'none' : lower;
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
