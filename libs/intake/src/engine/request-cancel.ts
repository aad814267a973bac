import { taskCancelRequested } from '@millrace/contracts';
import { toIso, type Clock, type TaskId, type TenantId } from '@millrace/kernel';
import { newEvent, type NewEvent, type UnitOfWork } from '@millrace/messaging/ports';
import { hasEnded, type TaskView } from '../domain/task-view.js';
import type { TenantScope } from './ports/intake-stores.port.js';

export type CancelOutcome =
  | { readonly kind: 'not_found' }
  | { readonly kind: 'ended'; readonly task: TaskView }
  | { readonly kind: 'requested'; readonly task: TaskView };

/** Asks the scheduler to cancel tasks of one tenant. Asking again has no further effect; the scheduler decides. */
export class RequestCancel {
  constructor(
    private readonly unitOfWork: UnitOfWork<TenantScope>,
    private readonly clock: Clock,
  ) {}

  /** One outcome per id, same order. */
  async execute(tenantId: TenantId, ids: readonly TaskId[]): Promise<readonly CancelOutcome[]> {
    const now = this.clock.now();
    return this.unitOfWork.run(async (scope) => {
      await scope.tenant.enter(tenantId);
      const views = await scope.tenant.lock(tenantId, ids);
      const fresh = views.filter((view) => !hasEnded(view) && view.cancelRequestedAt === null);
      if (fresh.length > 0) {
        await scope.tenant.markCancelRequested(
          tenantId,
          fresh.map((view) => view.request.id),
          now,
        );
        await scope.outbox.add(fresh.map((view) => toEvent(view, toIso(now))));
      }
      const byId = new Map(views.map((view) => [view.request.id, view]));
      return ids.map((id) => outcomeOf(byId.get(id)));
    });
  }
}

function outcomeOf(task: TaskView | undefined): CancelOutcome {
  if (task === undefined) return { kind: 'not_found' };
  return hasEnded(task) ? { kind: 'ended', task } : { kind: 'requested', task };
}

function toEvent({ request }: TaskView, requestedAt: string): NewEvent {
  return newEvent(
    taskCancelRequested,
    { taskId: request.id, tenantId: request.tenantId, requestedAt },
    { tenantId: request.tenantId, ...(request.traceparent === null ? {} : { traceparent: request.traceparent }) },
  );
}
