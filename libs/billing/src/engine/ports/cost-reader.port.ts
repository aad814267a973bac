import type { TaskCostFacts } from '../../domain/task-cost.js';

/** Reads for API calls, under row-level security of the tenant. */
export interface CostReader {
  /** Undefined for a task that is not the tenant's, and for one that billing has not heard of. */
  ofTask(tenantId: string, taskId: string): Promise<TaskCostFacts | undefined>;
}
