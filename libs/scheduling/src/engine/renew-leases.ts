import { drainRequested, type EventData, type workerHeartbeat } from '@millrace/contracts';
import type { DurationMs, Instant, TaskId } from '@millrace/kernel';
import { newEvent, type NewEvent, type ReceivedEvent } from '@millrace/messaging/ports';
import { liveAttempt, type Task } from '../domain/task.js';
import { evictFromFaulty, type Holder } from './evict-from-faulty.js';
import { outagesOf } from './gpu-outages.js';
import { leaseRefusal } from './lease-refusal.js';
import type { Lease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import { hasEnded, type Worker } from './ports/worker-store.port.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import type { TaskChanges } from './task-changes.js';
import { assignment } from './task-messages.js';
import { capacityClosed } from './worker-messages.js';
import { withNews } from './worker-news.js';

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

/** A reading that counts, with its sender as it is from now on. */
interface Heard extends Reading {
  readonly worker: Worker;
  readonly next: Worker;
}

/**
 * Heartbeats renew the leases they list. A lease that two in a row lack is sent again with the same epoch; one that is
 * not the sender's is refused; a leaving worker's instance closes; a GPU that is no longer fit for work is taken out, and
 * what ran on it goes elsewhere. Only the newest heartbeat of an incarnation in a batch counts, and an older one than the
 * last changes nothing, so a redelivery has no effect.
 */
export class RenewLeases {
  constructor(
    private readonly context: SchedulingContext,
    private readonly settings: RenewLeasesSettings,
  ) {}

  /** Returns how many changes a cycle may answer: workers in another state or heard of again, GPUs out or back, evictions. */
  async execute(events: readonly WorkerHeartbeatEvent[]): Promise<number> {
    const { watch, record, clock, observer } = this.context;
    const newest = newestByIncarnation(events.map(({ data }) => data));
    const { readings, missing, eviction } = await runAsLeader(this.context, async (scope) => {
      // 1. Who sends, and what do they hold?
      const known = await this.read(scope, newest);
      const current = known.filter(isCurrent).map((reading) => heard(reading, clock.now()));
      // 2. Write what they say of themselves; what they tell of their machines only where it is new.
      await this.write(scope, current);
      // 3. What runs on a GPU that is out of service ends.
      const evicted = await evictFromFaulty(this.context, scope, current.filter(staysOn).map(asHolder));
      const living = current.map((reading) => withoutEvicted(reading, evicted));
      // 4. Tell what follows: refusals, drains, closed instances, assignments sent again.
      const lacking = living.flatMap(leasesNotListed).filter(({ taskId }) => watch.missing(taskId));
      const messages = [
        ...(await this.refusals(scope, known)),
        ...known.flatMap(drainOfEnded),
        ...living.flatMap(closingOfLeaving),
        ...(await this.assignmentsAgain(scope, lacking)),
      ];
      if (messages.length > 0) await scope.outbox.add(messages);
      await evicted?.write(scope);
      return { readings: living, missing: lacking, eviction: evicted };
    });
    // 5. Only now, after the commit, do the leases live longer, or are known to have ended.
    const evicted = eviction?.leases().ended ?? [];
    watch.ended(evicted);
    if (eviction !== null) record.closed(eviction.closed(), clock.now());
    const changed = readings.filter((reading) => this.isChanged(reading));
    for (const reading of readings) this.prolong(reading);
    if (missing.length > 0) observer.resent(missing.length);
    const outages = readings.flatMap(({ worker, next }) => outagesOf(next, worker.traits.faults ?? []));
    if (outages.length + evicted.length > 0) observer.gpusChanged(outages, evicted.length);
    return changed.length + evicted.length;
  }

  private async write({ workers }: SchedulingScope, current: readonly Heard[]): Promise<void> {
    const next = current.map((reading) => reading.next);
    const told = current.filter((reading) => reading.next.traits !== reading.worker.traits);
    if (next.length > 0) await workers.save(next);
    if (told.length > 0) await workers.saveTraits(told.map((reading) => reading.next));
  }

  /** Something that a cycle may answer: another state, a worker that was silent, a GPU that is out or back. */
  private isChanged({ worker, next }: Heard): boolean {
    const { watch, clock } = this.context;
    return (
      next.state !== worker.state ||
      next.traits.faults !== worker.traits.faults ||
      !watch.isAlive(worker.incarnation, clock.monotonicMs())
    );
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
    return wrong.map(({ heartbeat, listed }) => leaseRefusal(heartbeat, listed, tasks.get(listed.taskId as TaskId)));
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

function heard(reading: Reading & { readonly worker: Worker }, now: Instant): Heard {
  const { worker, heartbeat } = reading;
  const state = heartbeat.leaving ? 'left' : heartbeat.draining ? 'draining' : 'ready';
  const traits = withNews(worker, heartbeat, now);
  return { ...reading, next: { ...worker, traits, state, heartbeatMs: heartbeat.at, heartbeatAt: now } };
}

/** What a leaving worker holds falls due soon in any case. */
function staysOn({ heartbeat }: Heard): boolean {
  return !heartbeat.leaving;
}

function asHolder({ next, held }: Heard): Holder {
  return { worker: next, held };
}

function withoutEvicted(reading: Heard, evicted: TaskChanges | null): Heard {
  if (evicted === null) return reading;
  const ended = new Set(evicted.leases().ended);
  return { ...reading, held: reading.held.filter(({ taskId }) => !ended.has(taskId)) };
}

function leasesNotListed({ heartbeat, held }: Reading): readonly Lease[] {
  if (heartbeat.leaving) return [];
  const listed = new Set(heartbeat.leases.map(({ taskId, epoch }) => `${taskId}/${epoch}`));
  return held.filter(({ taskId, epoch }) => !listed.has(`${taskId}/${epoch}`));
}

function closingOfLeaving({ heartbeat, next }: Heard): readonly NewEvent[] {
  return heartbeat.leaving ? [capacityClosed(next)] : [];
}

/** A worker that was declared lost and lives after all gets no more work: it is asked to leave and come back anew. */
function drainOfEnded({ worker, heartbeat }: Reading): readonly NewEvent[] {
  if (worker === undefined || !hasEnded(worker) || heartbeat.leaving) return [];
  const { workerId, incarnation } = worker;
  return [newEvent(drainRequested, { workerId, incarnation, graceMs: 0, reason: 'incarnation_ended' })];
}

function byId(task: Task): readonly [TaskId, Task] {
  return [task.id, task];
}
