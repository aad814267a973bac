export {
  ATTEMPT_OUTCOMES,
  ATTEMPT_TRANSITIONS,
  isLive,
  type Attempt,
  type AttemptOutcome,
  type AttemptState,
  type CapacityKind,
} from './domain/attempt.js';
export { FAILURE_REASONS, failureReason, type FailureReason } from './domain/failure-reason.js';
export { judgeReport } from './domain/judge-report.js';
export {
  TASK_PHASES,
  TASK_STATES,
  isTerminal,
  liveAttempt,
  type Lane,
  type PredictedTime,
  type ResourceNeeds,
  type Task,
  type TaskPhase,
  type TaskRequest,
  type TaskState,
} from './domain/task.js';
export type { Leaseholder, ReportFacts, TaskCommand, TaskCommandKind } from './domain/task-command.js';
export {
  GUARDS,
  MAX_LOST_DELIVERIES,
  TASK_TRANSITIONS,
  type GuardName,
  type TransitionRule,
} from './domain/task-transitions.js';
export type {
  CheckpointReference,
  Failure,
  GenerationParameters,
  PictureSize,
  TaskInput,
  TaskWork,
} from './domain/task-work.js';
export { enqueue, transition, type TaskEvent, type Transition } from './domain/transition.js';
export { decide } from './policy/decide.js';
export { PLACEMENT_REASONS, type Decision, type Placement, type PlacementReason } from './policy/decision.js';
export { WAITING_REASONS, type WaitingCode } from './policy/waiting-reasons.js';
export type { PendingTask, PolicyConfig, SchedulingSnapshot, WorkerView } from './policy/snapshot.js';
export type { TaskRequestedEvent } from './engine/accept-tasks.js';
export type { AttemptReportedEvent } from './engine/apply-reports.js';
export type { TaskCancelRequestedEvent } from './engine/cancel-tasks.js';
export { isNotLeader, notLeader } from './engine/not-leader.js';
export type { PriceOf, WorkerRegisteredEvent } from './engine/register-workers.js';
export type { WorkerHeartbeatEvent } from './engine/renew-leases.js';
export { Scheduler, type SchedulerOptions } from './engine/scheduler.js';
export { DEFAULT_SCHEDULER_SETTINGS, type SchedulerSettings } from './engine/scheduler-settings.js';
export {
  DEFAULT_SCHEDULING_POLICY,
  toPolicyConfig,
  type PoolShape,
  type QuotaLimit,
  type SchedulingPolicy,
} from './engine/scheduling-policy.js';
export { SchedulingCycle, type CycleOutcome, type CycleWindow } from './engine/scheduling-cycle.js';
export { RETRY_BACKOFF_MS, retryNotBefore } from './domain/retry-backoff.js';
