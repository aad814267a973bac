export { decodeEvent } from './codec/decode-event.js';
export { EventStamper, type EventStamperOptions } from './codec/event-stamper.js';
export { HEADERS } from './codec/headers.js';
export { createEventPublisher } from './publish/create-event-publisher.js';
export { createPropagatingTracer } from './tracing/propagating-tracer.js';
