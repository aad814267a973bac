export type { ConsumerGate } from './consumer-gate.port.js';
export type { CycleRecorder } from './cycle-recorder.port.js';
export type { CycleReport, GpuOutage, SchedulerObserver } from './cycle-observer.port.js';
export type { DispatchLag } from './dispatch-lag.port.js';
export {
  SERVED_BUCKET_MS,
  type EndedRun,
  type HistoryStore,
  type RunLengths,
  type ServedTime,
} from './history-store.port.js';
export type { LeaderGuard, LeaderStore, Leadership } from './leader-store.port.js';
export type { Lease, LeaseStore, RunningLease } from './lease-store.port.js';
export type { DecisionSink, SnapshotSource } from './scheduling-world.port.js';
export type { SchedulingScope, SchedulingStores, SchedulingUnitOfWork } from './scheduling-scope.port.js';
export type { LaneCount, QueueReading, TaskStore, TenantCount, Tombstone, WaitingTask } from './task-store.port.js';
export type { WorkerLag } from './worker-lag.port.js';
export {
  WORKER_STATES,
  hasEnded,
  type FaultyGpu,
  type RegisteredGpu,
  type Worker,
  type WorkerTraits,
  type WorkerState,
  type WorkerStore,
  type WorkerWithLeases,
} from './worker-store.port.js';
