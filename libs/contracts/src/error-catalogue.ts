import type { ErrorKind } from '@millrace/kernel';

export interface ErrorDescription {
  readonly kind: ErrorKind;
  readonly title: string;
  readonly retryable: boolean;
}

/** Every error code a client can meet: in a problem, a task, a webhook or an event. One list for all four. */
export const ERROR_CATALOGUE = {
  validation_failed: { kind: 'validation', title: 'The request does not match the schema', retryable: false },
  malformed_json: { kind: 'validation', title: 'The body is not JSON', retryable: false },
  unsupported_media_type: { kind: 'validation', title: 'The content type is not application/json', retryable: false },
  body_too_large: { kind: 'validation', title: 'The body is larger than the limit', retryable: false },
  task_type_unknown: { kind: 'validation', title: 'There is no such task type', retryable: false },
  task_type_not_available: { kind: 'validation', title: 'The task type has no configured profile', retryable: false },
  no_fitting_machine: { kind: 'validation', title: 'No machine here could ever run the task', retryable: false },
  image_required: { kind: 'validation', title: 'This task type needs an image', retryable: false },
  address_refused: { kind: 'validation', title: 'The URL may not be called from here', retryable: false },
  priority_not_entitled: { kind: 'forbidden', title: 'The tenant is not entitled to this priority', retryable: false },
  idempotency_key_reused: {
    kind: 'validation',
    title: 'The idempotency key was used with another body',
    retryable: false,
  },
  api_key_missing: { kind: 'unauthorized', title: 'No API key was sent', retryable: false },
  api_key_invalid: { kind: 'unauthorized', title: 'The API key is not valid', retryable: false },
  scope_missing: { kind: 'forbidden', title: 'The API key lacks the scope', retryable: false },
  task_not_found: { kind: 'not-found', title: 'There is no such task', retryable: false },
  route_not_found: { kind: 'not-found', title: 'There is no such route', retryable: false },
  method_not_allowed: { kind: 'validation', title: 'The route does not know this method', retryable: false },
  task_not_terminal: { kind: 'conflict', title: 'The task has not ended', retryable: false },
  task_erased: { kind: 'conflict', title: 'The input of the task was erased', retryable: false },
  dead_letter_not_found: { kind: 'not-found', title: 'There is no such dead letter', retryable: false },
  dead_letter_resolved: { kind: 'conflict', title: 'The dead letter was redriven or skipped before', retryable: false },
  dead_letter_truncated: { kind: 'conflict', title: 'The payload is too large to be redriven', retryable: false },
  artifact_expired: { kind: 'precondition', title: 'The object was removed after its retention', retryable: false },
  object_not_found: { kind: 'not-found', title: 'There is no such object', retryable: false },
  object_exists: { kind: 'conflict', title: 'The object exists and is never overwritten', retryable: false },
  signature_invalid: { kind: 'forbidden', title: 'The signed URL is not valid or has expired', retryable: false },
  range_not_satisfiable: { kind: 'validation', title: 'The range lies outside the object', retryable: false },
  rate_limited: { kind: 'limited', title: 'Too many requests', retryable: true },
  service_unavailable: { kind: 'unavailable', title: 'The service can not answer now', retryable: true },
  internal_error: { kind: 'internal', title: 'Something went wrong on our side', retryable: true },
  engine_crashed: { kind: 'internal', title: 'The engine stopped', retryable: true },
  attempt_timed_out: { kind: 'internal', title: 'The attempt ran longer than it may', retryable: true },
  engine_input_invalid: { kind: 'validation', title: 'The engine can not use this input', retryable: false },
  image_unreadable: { kind: 'validation', title: 'The image could not be fetched or read', retryable: false },
  attempts_exhausted: { kind: 'internal', title: 'No retry was left', retryable: true },
  dead_lettered: {
    kind: 'internal',
    title: 'Three workers, or GPUs of theirs, were lost while they ran the task',
    retryable: true,
  },
  event_schema_mismatch: { kind: 'validation', title: 'An event does not match its schema', retryable: false },
  event_type_unknown: { kind: 'validation', title: 'This version does not know the event type', retryable: false },
  event_malformed: { kind: 'validation', title: 'A record is no CloudEvent in JSON', retryable: false },
  topic_missing: { kind: 'unavailable', title: 'A topic does not exist on the bus', retryable: true },
  partition_not_owned: {
    kind: 'conflict',
    title: 'The consumer does not own the partition any more',
    retryable: false,
  },
} as const satisfies Record<string, ErrorDescription>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
