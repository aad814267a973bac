export type { ConsumerDefinition, ConsumerRuntime, RunningConsumer } from './consumer.port.js';
export type {
  BusRecord,
  BusSubscription,
  EventBus,
  IncomingRecord,
  OutgoingRecord,
  RecordSink,
  SubscribeOptions,
  TopicPartition,
  TopicSettings,
} from './event-bus.port.js';
export type { EventPublisher } from './event-publisher.port.js';
export { isEvent, newEvent, type NewEvent, type ReceivedEvent } from './event.port.js';
export { ACK, type HandlerResult } from './handler-result.js';
export type { OutboxBatch, OutboxStore } from './outbox-store.port.js';
export {
  PARKED_KINDS,
  RESOLUTIONS,
  type ParkedEvent,
  type ParkedEventStore,
  type ParkedKey,
  type ParkedKind,
  type RecordPosition,
  type Resolution,
} from './parked-event-store.port.js';
export { traceIdOf, type Span, type SpanKind, type SpanOptions, type Tracer } from './tracing.port.js';
export type { Inbox, Outbox, TransactionScope, UnitOfWork } from './unit-of-work.port.js';
