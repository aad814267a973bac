/**
 * Locks until the end of the transaction. Each call takes its locks in one order, the same for everyone; instances
 * are locked before tasks, and tasks in one call only. So no two transactions ever wait for each other.
 */
export interface BillingLocks {
  instances(instanceIds: readonly string[]): Promise<void>;
  tasks(taskIds: readonly string[]): Promise<void>;
}
