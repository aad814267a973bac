import { drainRequested, leaseRefused, type EventData, type workerHeartbeat } from '@millrace/contracts';
import type { DurationMs, Instant, TaskId } from '@millrace/kernel';
import { newEvent, type NewEvent, type ReceivedEvent } from '@millrace/messaging/ports';
import { liveAttempt, type Task } from '../domain/task.js';
import type { Lease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import { hasEnded, type Worker } from './ports/worker-store.port.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { assignment } from './task-messages.js';
import { capacityClosed } from './worker-messages.js';

type Heartbeat = EventData<typeof workerHeartbeat>;
export type WorkerHeartbeatEvent = ReceivedEvent<Heartbeat>;

export interface RenewLeasesSettings {
  /** What a leaving worker still holds ends after this time: its last reports travel on another topic. */
  readonly leavingGraceMs: DurationMs;
}

/** One heartbeat beside what the scheduler knows of its sender. */
interface Reading {
  readonly heartbeat: Heartbeat;
  readonly worker: Worker | undefined;
  readonly held: readonly Lease[];
}

/**
 * Heartbeats renew the leases they list. A lease that two in a row lack is sent again with the same epoch; one that is
 * not the sender's is refused; a leaving worker's instance closes. Only the newest heartbeat of an incarnation in a
 * batch counts, and an older one than the last changes nothing, so a redelivery has no effect.
 */
export class RenewLeases {
  constructor(
    private readonly context: SchedulingContext,
    private readonly settings: RenewLeasesSettings,
  ) {}

  /** Returns how many workers changed their state, or are heard of again after a silence. */
  async execute(events: readonly WorkerHeartbeatEvent[]): Promise<number> {
    const { watch, clock, observer } = this.context;
    const newest = newestByIncarnation(events.map(({ data }) => data));
    const { readings, missing } = await runAsLeader(this.context, async (scope) => {
      // 1. Who sends, and what do they hold?
      const known = await this.read(scope, newest);
      // 2. Write what they say of themselves.
      const living = known.filter(isCurrent);
      if (living.length > 0) await scope.workers.save(living.map((reading) => heardWorker(reading, clock.now())));
      // 3. Tell what follows: refusals, drains, closed instances, assignments sent again.
      const lacking = living.flatMap(leasesNotListed).filter(({ taskId }) => watch.missing(taskId));
      const messages = [
        ...(await this.refusals(scope, known)),
        ...known.flatMap(drainOfEnded),
        ...living.flatMap((reading) => closingOfLeaving(reading, clock.now())),
        ...(await this.assignmentsAgain(scope, lacking)),
      ];
      if (messages.length > 0) await scope.outbox.add(messages);
      return { readings: living, missing: lacking };
    });
    // 4. Only now, after the commit, do the leases live longer.
    const changed = readings.filter(
      (reading) =>
        heardWorker(reading, clock.now()).state !== reading.worker.state ||
        !watch.isAlive(reading.worker.incarnation, clock.monotonicMs()),
    );
    for (const reading of readings) this.prolong(reading);
    if (missing.length > 0) observer.resent(missing.length);
    return changed.length;
  }

  private async read(scope: SchedulingScope, heartbeats: readonly Heartbeat[]): Promise<readonly Reading[]> {
    const incarnations = heartbeats.map(({ incarnation }) => incarnation);
    const workers = new Map((await scope.workers.load(incarnations)).map((worker) => [worker.incarnation, worker]));
    const leases = Map.groupBy(await scope.leases.heldBy(incarnations), (lease) => lease.incarnation);
    return heartbeats.map((heartbeat) => ({
      heartbeat,
      worker: workers.get(heartbeat.incarnation),
      held: leases.get(heartbeat.incarnation) ?? [],
    }));
  }

  private async refusals(scope: SchedulingScope, readings: readonly Reading[]): Promise<readonly NewEvent[]> {
    const wrong = readings.flatMap(({ heartbeat, held }) =>
      heartbeat.leases
        .filter((listed) => !held.some((lease) => lease.taskId === listed.taskId && lease.epoch === listed.epoch))
        .map((listed) => ({ heartbeat, listed })),
    );
    if (wrong.length === 0) return [];
    const tasks = new Map((await scope.tasks.load(wrong.map(({ listed }) => listed.taskId as TaskId))).map(byId));
    this.context.observer.refused(wrong.length);
    return wrong.map(({ heartbeat, listed }) => refusal(heartbeat, listed, tasks.get(listed.taskId as TaskId)));
  }

  private async assignmentsAgain(scope: SchedulingScope, leases: readonly Lease[]): Promise<readonly NewEvent[]> {
    if (leases.length === 0) return [];
    const tasks = await scope.tasks.load(leases.map(({ taskId }) => taskId));
    return tasks.flatMap((task) => {
      const attempt = liveAttempt(task);
      return attempt === undefined ? [] : [assignment(task, attempt, this.context.leaseMs)];
    });
  }

  private prolong({ heartbeat, held }: Reading): void {
    const { watch, clock } = this.context;
    const nowMs = clock.monotonicMs();
    watch.adopt(held, nowMs);
    if (heartbeat.leaving) {
      watch.forget([heartbeat.incarnation]);
      watch.shorten(
        held.map(({ taskId }) => taskId),
        nowMs + this.settings.leavingGraceMs,
      );
      return;
    }
    watch.heard(heartbeat.incarnation, nowMs);
    const listed = new Set(heartbeat.leases.map(({ taskId, epoch }) => `${taskId}/${epoch}`));
    for (const { taskId, epoch } of held) if (listed.has(`${taskId}/${epoch}`)) watch.renewed(taskId, nowMs);
  }
}

function newestByIncarnation(heartbeats: readonly Heartbeat[]): readonly Heartbeat[] {
  const newest = new Map<string, Heartbeat>();
  for (const heartbeat of heartbeats) {
    const other = newest.get(heartbeat.incarnation);
    if (other === undefined || heartbeat.at >= other.at) newest.set(heartbeat.incarnation, heartbeat);
  }
  return [...newest.values()];
}

/** From a known incarnation that has not ended, and newer than the last: at 0 the registration is as new. */
function isCurrent(reading: Reading): reading is Reading & { readonly worker: Worker } {
  const { worker, heartbeat } = reading;
  return worker !== undefined && !hasEnded(worker) && heartbeat.at >= worker.heartbeatMs;
}

function heardWorker({ worker, heartbeat }: Reading & { readonly worker: Worker }, now: Instant): Worker {
  const state = heartbeat.leaving ? 'left' : heartbeat.draining ? 'draining' : 'ready';
  return { ...worker, state, heartbeatMs: heartbeat.at, heartbeatAt: now };
}

function leasesNotListed({ heartbeat, held }: Reading): readonly Lease[] {
  if (heartbeat.leaving) return [];
  const listed = new Set(heartbeat.leases.map(({ taskId, epoch }) => `${taskId}/${epoch}`));
  return held.filter(({ taskId, epoch }) => !listed.has(`${taskId}/${epoch}`));
}

function closingOfLeaving(reading: Reading & { readonly worker: Worker }, now: Instant): readonly NewEvent[] {
  return reading.heartbeat.leaving ? [capacityClosed(heardWorker(reading, now))] : [];
}

/** A worker that was declared lost and lives after all gets no more work: it is asked to leave and come back anew. */
function drainOfEnded({ worker, heartbeat }: Reading): readonly NewEvent[] {
  if (worker === undefined || !hasEnded(worker) || heartbeat.leaving) return [];
  const { workerId, incarnation } = worker;
  return [newEvent(drainRequested, { workerId, incarnation, graceMs: 0, reason: 'incarnation_ended' })];
}

function refusal(heartbeat: Heartbeat, listed: Heartbeat['leases'][number], task: Task | undefined): NewEvent {
  const { workerId, incarnation } = heartbeat;
  const { taskId, attempt, epoch } = listed;
  const tenantId = task?.tenantId ?? '';
  return newEvent(
    leaseRefused,
    { workerId, incarnation, taskId, tenantId, attempt, epoch, currentEpoch: task?.epoch ?? 0 },
    {
      ...(task === undefined ? {} : { tenantId }),
      ...(typeof task?.traceparent === 'string' ? { traceparent: task.traceparent } : {}),
    },
  );
}

function byId(task: Task): readonly [TaskId, Task] {
  return [task.id, task];
}
