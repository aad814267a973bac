export { backoffMs, jittered, type BackoffPolicy } from './backoff.js';
export { sleep, toIso, type Clock, type DurationMs, type Instant } from './clock.js';
export { AppError, ERROR_KINDS, messageOf, type AppErrorOptions, type ErrorKind, type FieldError } from './errors.js';
export {
  isUuid,
  uuidv5,
  uuidv7,
  type Branded,
  type EventId,
  type IdGenerator,
  type IncarnationId,
  type InstanceId,
  type PoolId,
  type SegmentId,
  type TaskId,
  type TenantId,
  type WorkerId,
} from './ids.js';
export { assertNever, invariant } from './invariant.js';
export { silentLogger, type LogFields, type Logger } from './logger.js';
export { costOf, formatDollars, parseDollars, type NanoDollars } from './money.js';
export { seededRng, type Rng } from './rng.js';
export { systemClock, systemIds, systemRng } from './system.js';
export { VirtualClock } from './virtual-clock.js';
