export type { ApiKeyRecord, ApiKeyStore, NewTenant } from './api-key-store.port.js';
export type {
  DeadLetterCourier,
  DeadLetterFilter,
  DeadLetterPosition,
  DeadLetterStore,
} from './dead-letter-store.port.js';
export type {
  IdempotencyRecord,
  IdempotencyStore,
  IntakeScope,
  IntakeStores,
  TaskEvent,
  TaskWrites,
  TenantScope,
  TenantStores,
  TenantTasks,
} from './intake-stores.port.js';
export type {
  AddressPolicy,
  ArtifactUrls,
  DispatchBacklog,
  PublishBacklog,
  SignedUrl,
  TaskObjects,
} from './outside-world.port.js';
export type { PagePosition, TaskFilter, TaskReader } from './task-reader.port.js';
export type {
  Artifact,
  Attempt,
  Charge,
  Failure,
  Size,
  TaskEnd,
  TaskInput,
  TaskParameters,
  TaskRequest,
  TaskView,
} from '../../domain/task-view.js';
export type { TaskPhase, TaskState } from '../../domain/task-state.js';
export type { DeadLetter, DeadLetterState } from '../../domain/dead-letter.js';
