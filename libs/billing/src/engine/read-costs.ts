import { AppError } from '@millrace/kernel';
import { taskCost, type TaskCost } from '../domain/task-cost.js';
import type { CostReader } from './ports/cost-reader.port.js';

/** What a task cost so far, for its tenant. */
export class ReadCosts {
  constructor(private readonly reader: CostReader) {}

  /** Rejects with `task_not_found` for a foreign task and for one of which no usage or end has been heard. */
  async ofTask(tenantId: string, taskId: string): Promise<TaskCost> {
    const facts = await this.reader.ofTask(tenantId, taskId);
    if (facts !== undefined) return taskCost(facts);
    throw new AppError({
      kind: 'not-found',
      code: 'task_not_found',
      message: 'There are no costs of such a task: check the id, and ask again once the task has run.',
    });
  }
}
