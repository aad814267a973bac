export { BUS_LIMITS, type BusLimits } from './bus-limits.js';
export { createPostgresEventBus, type PostgresEventBusOptions } from './event-bus.postgres.js';
export { BUS_ROLE, createBusLogin, migrateBus } from './migrate-bus.js';
export { partitionOf } from './partition-of.js';
