export { admitTask, type AdmissionRules, type AdmittedTask, type RequestedTask } from './domain/admit-task.js';
export { apiKeyId, makeApiKey } from './domain/api-key.js';
export {
  estimateS,
  queuePlace,
  waitingReason,
  type PoolFacts,
  type QueuePlace,
  type WaitingReason,
} from './domain/queue-outlook.js';
export { EFFECTS, TASK_STATES, TERMINAL_STATES, isTerminal } from './domain/task-state.js';
export {
  createCatalogue,
  profileOf,
  type CatalogueOptions,
  type TaskTypeCatalogue,
  type TaskTypeProfile,
} from './domain/task-type.js';
export {
  applyChange,
  applyCharge,
  hasEnded,
  isSettled,
  newTaskView,
  type LifecycleChange,
} from './domain/task-view.js';
export {
  AcceptTasks,
  type AcceptInput,
  type AcceptOutcome,
  type AcceptTasksOptions,
  type AcceptedTask,
  type BackPressureLimits,
  type RepeatInput,
} from './engine/accept-tasks.js';
export { AuthenticateKey } from './engine/authenticate-key.js';
export { AwaitTask } from './engine/await-task.js';
export { BootstrapTenant, type BootstrapInput, type BootstrapResult } from './engine/bootstrap-tenant.js';
export { PAYLOAD_BYTES_MAX } from './domain/dead-letter.js';
export { DeadLetters, type BulkResult, type DeadLetterDecision, type DeadLetterPage } from './engine/dead-letters.js';
export { EraseTask } from './engine/erase-task.js';
export { ForgetOldKeys } from './engine/forget-old-keys.js';
export { ProgressBoard, type LiveProgress, type Preview } from './engine/progress-board.js';
export { ProjectLifecycle, type TaskChangeObserver } from './engine/project-lifecycle.js';
export { QueueBoard } from './engine/queue-board.js';
export { ReadTasks, taskNotFound, type TaskPage } from './engine/read-tasks.js';
export { RequestCancel, type CancelOutcome } from './engine/request-cancel.js';
export { RetryTask, type RetryInput } from './engine/retry-task.js';
export { TaskWatch } from './engine/task-watch.js';
