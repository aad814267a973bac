import type { TransactionScope, UnitOfWork } from '@millrace/messaging/ports';
import type { HistoryStore } from './history-store.port.js';
import type { LeaderGuard } from './leader-store.port.js';
import type { LeaseStore } from './lease-store.port.js';
import type { TaskStore } from './task-store.port.js';
import type { WorkerStore } from './worker-store.port.js';

export interface SchedulingStores {
  readonly tasks: TaskStore;
  readonly leases: LeaseStore;
  readonly workers: WorkerStore;
  readonly history: HistoryStore;
  readonly leader: LeaderGuard;
}

export type SchedulingScope = SchedulingStores & TransactionScope;
export type SchedulingUnitOfWork = UnitOfWork<SchedulingScope>;
