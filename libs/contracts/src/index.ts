export { defineEvent, parseEvent, type EventData, type EventDefinition } from './define-event.js';
export { ERROR_CATALOGUE, type ErrorCode, type ErrorDescription } from './error-catalogue.js';
export {
  DEAD_LETTER_RETENTION_MS,
  TOPIC_NAMES,
  TOPICS,
  deadLetterTopic,
  type TopicDefinition,
  type TopicName,
} from './topics.js';
export { WAITING_CODES } from './waiting-reason.js';
export { EVENTS, eventOfType } from './events/registry.js';
export { attemptCancelled } from './events/attempt-cancelled.v1.js';
export { attemptClosed } from './events/attempt-closed.v1.js';
export { attemptReported } from './events/attempt-reported.v1.js';
export { capacityChanged } from './events/capacity-changed.v1.js';
export { drainRequested } from './events/drain-requested.v1.js';
export { leaseRefused } from './events/lease-refused.v1.js';
export { notificationDelivered } from './events/notification-delivered.v1.js';
export { preemptRequested } from './events/preempt-requested.v1.js';
export { queueSnapshot } from './events/queue-snapshot.v1.js';
export { taskAssigned } from './events/task-assigned.v1.js';
export { taskCancelRequested } from './events/task-cancel-requested.v1.js';
export { taskCancelled } from './events/task-cancelled.v1.js';
export { taskCharged } from './events/task-charged.v1.js';
export { taskCompleted } from './events/task-completed.v1.js';
export { taskExpired } from './events/task-expired.v1.js';
export { taskFailed } from './events/task-failed.v1.js';
export { taskProgressed } from './events/task-progressed.v1.js';
export { taskQueued } from './events/task-queued.v1.js';
export { taskRequested } from './events/task-requested.v1.js';
export { taskRequeued } from './events/task-requeued.v1.js';
export { taskScheduled } from './events/task-scheduled.v1.js';
export { taskStarted } from './events/task-started.v1.js';
export { usageRecorded } from './events/usage-recorded.v1.js';
export { workerHeartbeat } from './events/worker-heartbeat.v1.js';
export { workerRegistered } from './events/worker-registered.v1.js';
export {
  ATTEMPT_OUTCOMES,
  artifact,
  attemptSummary,
  checkpointReference,
  failure,
  generationParameters,
  mediaSummary,
  resolution,
  taskInput,
  usageSegment,
} from './events/shapes.js';
export {
  SCOPES,
  defineRoute,
  type Principal,
  type RouteDefinition,
  type RouteInput,
  type RouteResponse,
  type Scope,
} from './http/define-route.js';
export { getCosts, costAnswer, type CostAnswer } from './http/costs.js';
export {
  DEAD_LETTER_STATES,
  deadLetterAnswer,
  getDeadLetter,
  listDeadLetters,
  redriveDeadLetter,
  redriveDeadLetters,
  skipDeadLetter,
  skipDeadLetters,
  type DeadLetterAnswer,
  type DeadLetterSummary,
} from './http/dead-letters.js';
export {
  generateAnswer,
  generateRequest,
  postGenerate,
  type GenerateAnswer,
  type GenerateRequest,
} from './http/generate.js';
export {
  PROBLEM_MEDIA_TYPE,
  knownErrorCode,
  problem,
  problemType,
  statusOfProblem,
  type Problem,
} from './http/problem.js';
export { RESOLUTIONS, formatResolution, parseResolution, type Resolution } from './http/resolution.js';
export { ROUTES } from './http/routes.js';
export {
  getAsyncApi,
  getHealth,
  getLive,
  getMetrics,
  getObject,
  getOpenApi,
  getReady,
  healthAnswer,
  type HealthAnswer,
} from './http/system.js';
export { TASK_EVENT_NAMES, streamTaskEvents, type TaskEventName } from './http/task-events.js';
export { TASK_STATES, getStatus, taskStatusAnswer, type TaskState, type TaskStatusAnswer } from './http/task-status.js';
export {
  artifactAnswer,
  attemptAnswer,
  cancelTask,
  deleteTask,
  getTask,
  listArtifacts,
  listTasks,
  retryTask,
  taskAnswer,
  taskPage,
  type TaskAnswer,
} from './http/tasks.js';
export {
  deliveryAnswer,
  getWebhookSecret,
  listDeliveries,
  webhookSecretAnswer,
  type DeliveryAnswer,
  type WebhookSecretAnswer,
} from './http/webhooks.js';
export { listWorkers, workerAnswer, type WorkerAnswer } from './http/workers.js';
