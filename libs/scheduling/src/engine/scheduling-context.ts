import type { Clock, DurationMs } from '@millrace/kernel';
import type { LeaseWatch } from './lease-watch.js';
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
  readonly policy: SchedulingPolicy;
  readonly observer: SchedulerObserver;
  /** Rejects with `not_leader` while this process does not lead. */
  readonly leadership: () => Leadership;
  readonly leaseMs: DurationMs;
}

/** One transaction that writes only while the term is ours. */
export function runAsLeader<Result>(
  context: SchedulingContext,
  work: (scope: SchedulingScope) => Promise<Result>,
): Promise<Result> {
  const leadership = context.leadership();
  return context.unitOfWork.run(async (scope) => {
    await scope.leader.confirm(leadership);
    return work(scope);
  });
}
