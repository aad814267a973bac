import { AppError, type Clock, type TaskId, type TenantId } from '@millrace/kernel';
import type { UnitOfWork } from '@millrace/messaging/ports';
import { hasEnded, type TaskView } from '../domain/task-view.js';
import type { TenantScope } from './ports/intake-stores.port.js';
import type { TaskObjects } from './ports/outside-world.port.js';
import type { TaskReader } from './ports/task-reader.port.js';
import { taskNotFound } from './read-tasks.js';

/**
 * Erases the prompt and the artifacts of a task that has ended. Objects go first: when that fails nothing is marked,
 * and the call can be made again. Errors: `task_not_found`, `task_not_terminal`.
 */
export class EraseTask {
  constructor(
    private readonly reader: TaskReader,
    private readonly unitOfWork: UnitOfWork<TenantScope>,
    private readonly objects: TaskObjects,
    private readonly clock: Clock,
  ) {}

  async execute(tenantId: TenantId, id: TaskId): Promise<void> {
    checkEnded(await this.reader.find(tenantId, id));
    await this.objects.erase(tenantId, id);
    await this.unitOfWork.run(async (scope) => {
      await scope.tenant.enter(tenantId);
      await scope.tenant.erase(tenantId, id, this.clock.now());
    });
  }
}

function checkEnded(view: TaskView | undefined): void {
  if (view === undefined) throw taskNotFound();
  if (hasEnded(view)) return;
  throw new AppError({
    kind: 'conflict',
    code: 'task_not_terminal',
    message: `The task is ${view.state}: cancel it or wait for its end, then delete it.`,
  });
}
