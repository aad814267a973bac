import type { Clock, DurationMs } from '@millrace/kernel';
import type { LeaseWatch } from './lease-watch.js';
import type { LiveState } from './live-state.js';
import { noteChanges, type NotedChanges } from './noted-scope.js';
import type { SchedulingPolicy } from './scheduling-policy.js';
import type { ServiceRecord } from './service-record.js';
import type { SchedulerObserver } from './ports/cycle-observer.port.js';
import type { Leadership } from './ports/leader-store.port.js';
import type { SchedulingScope, SchedulingUnitOfWork } from './ports/scheduling-scope.port.js';

/** What every use case of the scheduler works with. */
export interface SchedulingContext {
  readonly unitOfWork: SchedulingUnitOfWork;
  readonly clock: Clock;
  readonly watch: LeaseWatch;
  readonly record: ServiceRecord;
  readonly live: LiveState;
  readonly policy: SchedulingPolicy;
  readonly observer: SchedulerObserver;
  /** Rejects with `not_leader` while this process does not lead. */
  readonly leadership: () => Leadership;
  readonly leaseMs: DurationMs;
}

/**
 * One transaction that writes only while the term is ours. The leader's memory follows its commit; where it
 * is not sure whether it was committed, the memory is forgotten. What fails before its work is done is rolled back, and
 * the memory stays.
 */
export async function runAsLeader<Result>(
  {
    unitOfWork,
    live,
    clock,
    leadership: lead,
  }: Pick<SchedulingContext, 'unitOfWork' | 'live' | 'clock' | 'leadership'>,
  work: (scope: SchedulingScope) => Promise<Result>,
): Promise<Result> {
  const leadership = lead();
  const changes: NotedChanges = { tasks: new Map(), stops: new Map(), workers: new Map() };
  let mayHaveCommitted = false;
  try {
    const result = await unitOfWork.run(async (scope) => {
      await scope.leader.confirm(leadership);
      const done = await work(noteChanges(scope, changes));
      mayHaveCommitted = changes.tasks.size + changes.stops.size + changes.workers.size > 0;
      return done;
    });
    live.committed(changes, clock.monotonicMs());
    return result;
  } catch (error) {
    if (mayHaveCommitted) live.forget();
    throw error;
  }
}
