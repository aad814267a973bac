import type { attemptClosed, EventData } from '@millrace/contracts';
import type { ReceivedEvent, UnitOfWork } from '@millrace/messaging/ports';
import type { Segment } from '../domain/segment.js';
import { unique } from './grouping.js';
import type { BillingScope } from './ports/billing-scope.port.js';
import type { StoredClosure } from './ports/closure-store.port.js';
import type { SettleBooks } from './settle-books.js';

type AttemptClosed = EventData<typeof attemptClosed>;

export const CLOSURE_CONSUMER = 'billing.closures';

/** Settles attempts that ended: their pending cost goes to the tenant or to a loss account, and complete tasks are charged. */
export class CloseAttempts {
  constructor(
    private readonly unitOfWork: UnitOfWork<BillingScope>,
    private readonly books: SettleBooks,
  ) {}

  async apply(events: readonly ReceivedEvent<AttemptClosed>[]): Promise<void> {
    await this.unitOfWork.run(async (scope) => {
      const fresh = (await scope.inbox.claim(CLOSURE_CONSUMER, events)) as readonly ReceivedEvent<AttemptClosed>[];
      const closures = mergeRepeated(fresh.map(closureOf));
      if (closures.length === 0) return;
      const instanceIds = unique(closures.map(({ instanceId }) => instanceId));
      await scope.locks.instances(instanceIds);
      // A closure after the known end of its instance moves that end: what lies there is looked at again.
      const beyond = await segmentsBeyondEnd(scope, instanceIds);
      await scope.closures.merge(closures);
      await this.books.settle(scope, {
        segments: beyond,
        taskIds: unique(closures.map(({ taskId }) => taskId)),
        instanceIds,
      });
    });
  }
}

async function segmentsBeyondEnd(scope: BillingScope, instanceIds: readonly string[]): Promise<readonly Segment[]> {
  const ends = (await scope.prices.ofInstances(instanceIds)).filter(({ change }) => change === 'closed');
  return scope.segments.ofInstances(ends.map(({ instanceId, atMs }) => ({ instanceId, endingAfterMs: atMs })));
}

/** A batch may hold a closure twice; the stores take it once. */
function mergeRepeated(closures: readonly StoredClosure[]): readonly StoredClosure[] {
  const merged = new Map<string, StoredClosure>();
  for (const closure of closures) {
    const key = `${closure.taskId}/${closure.attempt}/${closure.epoch}`;
    const first = merged.get(key);
    merged.set(key, first === undefined ? closure : mergeClosure(first, closure));
  }
  return [...merged.values()];
}

/** What two closures of the same (task, attempt, epoch) say together, whichever came first. */
export function mergeClosure(first: StoredClosure, second: StoredClosure): StoredClosure {
  return {
    ...first,
    final: first.final || second.final,
    sequence: Math.max(first.sequence, second.sequence),
    closedAtMs: Math.max(first.closedAtMs, second.closedAtMs),
    segmentCount: first.segmentCount ?? second.segmentCount,
    traceparent: first.traceparent ?? second.traceparent,
  };
}

function closureOf({ data, traceparent }: ReceivedEvent<AttemptClosed>): StoredClosure {
  return {
    taskId: data.taskId,
    tenantId: data.tenantId,
    costCentre: data.costCentre,
    attempt: data.attempt,
    epoch: data.epoch,
    instanceId: data.instanceId,
    outcome: data.outcome,
    // An event that names no fault: the failure counts as the task's own.
    fault: data.fault ?? 'user',
    closedAtMs: data.closedAt,
    segmentCount: data.segmentCount,
    final: data.final,
    sequence: data.sequence,
    traceparent,
  };
}
