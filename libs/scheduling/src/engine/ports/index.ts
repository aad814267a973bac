export type { ConsumerGate } from './consumer-gate.port.js';
export type { CycleReport, SchedulerObserver } from './cycle-observer.port.js';
export type { DispatchLag } from './dispatch-lag.port.js';
export type { WorkerLag } from './worker-lag.port.js';
export type { LeaderGuard, LeaderStore, Leadership } from './leader-store.port.js';
export type { Lease, LeaseStore } from './lease-store.port.js';
export type { DecisionSink, SnapshotSource } from './scheduling-world.port.js';
export type { SchedulingScope, SchedulingStores, SchedulingUnitOfWork } from './scheduling-scope.port.js';
export type { LaneCount, TaskStore, Tombstone } from './task-store.port.js';
export {
  WORKER_STATES,
  hasEnded,
  type Worker,
  type WorkerState,
  type WorkerStore,
  type WorkerWithLeases,
} from './worker-store.port.js';
