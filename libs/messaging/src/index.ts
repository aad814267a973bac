export { isDeadLetter, type DeadLetter } from './codec/dead-letter-event.js';
export { decodeEvent } from './codec/decode-event.js';
export { EventStamper, type EventStamperOptions } from './codec/event-stamper.js';
export { HEADERS } from './codec/headers.js';
export {
  OUTBOX_LIMITS,
  OutboxDispatcher,
  type OutboxDispatcherOptions,
  type OutboxLimits,
} from './outbox/outbox-dispatcher.js';
export { createEventPublisher } from './publish/create-event-publisher.js';
export { createPropagatingTracer } from './tracing/propagating-tracer.js';
export type { ConsumerObserver } from './runtime/consumer-context.js';
export { CONSUMER_LIMITS, type ConsumerLimits } from './runtime/consumer-limits.js';
export { createConsumerRuntime, type ConsumerRuntimeOptions } from './runtime/create-consumer-runtime.js';
export { DEAD_LETTER_HEADERS } from './runtime/dead-letter.js';
export { resolutionRecord, type DeadLetterResolution } from './runtime/resolution.js';
