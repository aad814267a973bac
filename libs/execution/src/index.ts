export {
  ATTEMPT_COMMANDS,
  ATTEMPT_STATES,
  ATTEMPT_TRANSITIONS,
  type AttemptCommand,
  type AttemptState,
} from './domain/attempt-state.js';
export { GENERATION_DEFAULTS, seedOf } from './domain/generation-defaults.js';
export { IMAGE_LIMITS } from './domain/image-header.js';
export { artifactKey, attemptPrefix } from './domain/object-keys.js';
export {
  createWorker,
  type Worker,
  type WorkerOptions,
  type WorkerSettings,
  type WorkerTraits,
} from './engine/create-worker.js';
export { CachedImageSource, IMAGE_CACHE_MAX } from './engine/cached-image-source.js';
export { createNoopEngine } from './engine/noop-engine.js';
