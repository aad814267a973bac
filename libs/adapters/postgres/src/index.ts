export { createPostgresInbox } from './inbox/inbox.postgres.js';
export { messagingMigration } from './migrate/messaging-migration.js';
export { migrate, serviceRoles, type MigrateOptions, type MigrationClass } from './migrate/migrate.js';
export { PostgresOutboxStore } from './outbox/outbox-store.postgres.js';
export { PostgresParkedEventStore } from './parked/parked-event-store.postgres.js';
export { actAsTenant } from './pool/act-as-tenant.js';
export { createPool, type PoolOptions } from './pool/create-pool.js';
export { isPassingFault, mapFault, mappingFaults } from './pool/map-fault.js';
export { PostgresUnitOfWork, type PostgresUnitOfWorkOptions } from './unit-of-work/unit-of-work.postgres.js';
