export { createInMemoryBus, type InMemoryBus, type InMemoryBusOptions } from './in-memory-bus.js';
export { createInMemoryParkedEventStore, type InMemoryParkedEventStore } from './in-memory-parked-event-store.js';
export {
  createInMemoryUnitOfWork,
  type InMemoryUnitOfWork,
  type InMemoryUnitOfWorkOptions,
} from './in-memory-unit-of-work.js';
export { receivedEvent } from './received-event.js';
