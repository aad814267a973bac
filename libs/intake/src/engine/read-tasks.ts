import { AppError, type TaskId, type TenantId } from '@millrace/kernel';
import type { TaskView } from '../domain/task-view.js';
import type { TaskEvent } from './ports/intake-stores.port.js';
import type { PagePosition, TaskFilter, TaskReader } from './ports/task-reader.port.js';

export interface TaskPage {
  readonly tasks: readonly TaskView[];
  readonly next: PagePosition | undefined;
}

/** Reads a tenant's tasks. Another tenant's task is not found, never forbidden. */
export class ReadTasks {
  constructor(private readonly reader: TaskReader) {}

  /** Error: `task_not_found`. */
  async one(tenantId: TenantId, id: TaskId): Promise<TaskView> {
    const view = await this.reader.find(tenantId, id);
    if (view === undefined) throw taskNotFound();
    return view;
  }

  /** Newest first. */
  async page(
    tenantId: TenantId,
    filter: TaskFilter,
    page: { readonly limit: number; readonly after?: PagePosition },
  ): Promise<TaskPage> {
    const found = await this.reader.list(tenantId, filter, { ...page, limit: page.limit + 1 });
    const tasks = found.slice(0, page.limit);
    const last = tasks.at(-1)?.request;
    const more = found.length > page.limit && last !== undefined;
    return { tasks, next: more ? { createdAt: last.requestedAt, id: last.id } : undefined };
  }

  events(tenantId: TenantId, id: TaskId, afterSequence: number): Promise<readonly TaskEvent[]> {
    return this.reader.events(tenantId, id, afterSequence);
  }
}

export function taskNotFound(): AppError {
  return new AppError({
    kind: 'not-found',
    code: 'task_not_found',
    message: 'There is no task with this id: check the id, and that the key is of the tenant that made it.',
  });
}
