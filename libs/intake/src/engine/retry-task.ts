import { AppError, type TaskId, type TenantId } from '@millrace/kernel';
import { hasEnded, type TaskView } from '../domain/task-view.js';
import type { AcceptTasks } from './accept-tasks.js';
import type { ReadTasks } from './read-tasks.js';

export interface RetryInput {
  readonly tenantId: TenantId;
  readonly id: TaskId;
  /** The tenant's entitlement to priority 1, now. */
  readonly interactive: boolean;
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
}

/**
 * Makes a new task of one that has ended: the same input, seed included, under a new id. The old one stays as it is.
 * Errors: `task_not_found`, `task_not_terminal`, `task_erased`, `priority_not_entitled`, `service_unavailable`.
 */
export class RetryTask {
  constructor(
    private readonly tasks: ReadTasks,
    private readonly accept: Pick<AcceptTasks, 'repeat'>,
  ) {}

  /** The view of the new task; of the same one for the same idempotency key. */
  async execute({ tenantId, id, interactive, ...how }: RetryInput): Promise<TaskView> {
    const { request, ...view } = await this.tasks.one(tenantId, id);
    if (!hasEnded(view)) throw notEnded();
    if (view.erasedAt !== null || request.input === null) throw erased();
    if (request.priority > 0 && !interactive) throw notEntitled();
    const { taskId } = await this.accept.repeat({ request, ...how });
    return this.tasks.one(tenantId, taskId);
  }
}

function notEnded(): AppError {
  return new AppError({
    kind: 'conflict',
    code: 'task_not_terminal',
    message: 'The task has not ended: wait for its end, or cancel it, and then retry it.',
  });
}

function erased(): AppError {
  return new AppError({
    kind: 'conflict',
    code: 'task_erased',
    message: 'The input of this task was erased: send a new task with its input.',
  });
}

function notEntitled(): AppError {
  return new AppError({
    kind: 'forbidden',
    code: 'priority_not_entitled',
    message: 'The task had priority 1 (interactive), which this tenant may not use now: send a new task without it.',
  });
}
