export { eventBusConformance, type EventBusUnderTest } from './event-bus-conformance.js';
export { createInMemoryBus, type InMemoryBus, type InMemoryBusOptions } from './in-memory-bus.js';
export { createInMemoryOutboxStore, type InMemoryOutboxStore } from './in-memory-outbox-store.js';
export { createInMemoryParkedEventStore, type InMemoryParkedEventStore } from './in-memory-parked-event-store.js';
export {
  createInMemoryUnitOfWork,
  type InMemoryUnitOfWork,
  type InMemoryUnitOfWorkOptions,
} from './in-memory-unit-of-work.js';
export { outboxStoreConformance, type OutboxStoreUnderTest } from './outbox-store-conformance.js';
export { parkedStoreConformance, type ParkedStoreUnderTest } from './parked-store-conformance.js';
export { receivedEvent } from './received-event.js';
