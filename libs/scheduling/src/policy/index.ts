export { decide, decideCycle, type CycleDecisions } from './decide.js';
export { DEFAULT_PREEMPTION, type PreemptionPolicy } from './preemption/preemption-policy.js';
export { PLACEMENT_REASONS, type Decision } from './decision.js';
export { WAITING_REASONS } from './waiting-reasons.js';
export type {
  GpuView,
  PendingTask,
  PlacedClass,
  PolicyConfig,
  QuotaView,
  RunningTask,
  SchedulingSnapshot,
  WorkerView,
} from './snapshot.js';
export { ArrivedClasses } from './placement/arrived-classes.js';
export { ArrivalMix } from './fragmentation/arrival-mix.js';
export { ClusterCapacity, type NodeSize } from './fragmentation/cluster-capacity.js';
export { ExpectedUse } from './fragmentation/expected-use.js';
export { PlacementScorer } from './fragmentation/placement-scorer.js';
export type { TaskClass, WeightedClass } from './fragmentation/task-class.js';
export { ServiceOrder } from './ordering/service-order.js';
export { DEFAULT_ORDERING, type FairShares, type OrderingPolicy, type QueuedTask } from './ordering/ordering-policy.js';
export {
  GpuSecondsHistory,
  type Prediction,
  type ProfileFigure,
  type RunKey,
} from './prediction/gpu-seconds-history.js';
export { SubmittedRuns } from './prediction/submitted-runs.js';
export { estimateQueue, type QueueEstimate, type TaskEstimate } from './prediction/queue-estimate.js';
export { ToldEstimates } from './prediction/told-estimates.js';
export {
  decodeCycle,
  encodeCycle,
  recordDecision,
  type RecordedCycle,
  type RecordedDecision,
} from './recorded-cycle.js';
export { StandingCycle } from './cycle/standing-cycle.js';
export { checkSubmission, type MachineShape, type SubmissionCheck } from './submission/check-submission.js';
export { gpuFault, type GpuFault } from './filters/gpu-faults.js';
export { partition, type Partition } from './mig/partition.js';
