export { decide } from './decide.js';
export type { Decision } from './decision.js';
export type { PendingTask, PolicyConfig, SchedulingSnapshot, WorkerView } from './snapshot.js';
export { ClusterCapacity, type NodeSize } from './fragmentation/cluster-capacity.js';
export { ExpectedFragmentation } from './fragmentation/expected-fragmentation.js';
export { PlacementScorer } from './fragmentation/placement-scorer.js';
export type { TaskClass, WeightedClass } from './fragmentation/task-class.js';
