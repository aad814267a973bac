import { delayedRetriesMigration } from '../migrate/delayed-retries-migration.js';
import { messagingMigration } from '../migrate/messaging-migration.js';
import type { MigrationClass } from '../migrate/migration-class.js';
import { INTAKE_SCHEMA } from './intake-schema.js';
import { DeadLettersTable1760000011000 } from './migrations/dead-letters-table.js';
import { IntakeTables1760000001000 } from './migrations/intake-tables.js';

export { PostgresApiKeyStore } from './api-key-store.postgres.js';
export { PostgresDeadLetterStore } from './dead-letter-store.postgres.js';
export { INTAKE_SCHEMA } from './intake-schema.js';
export { createIntakeStores } from './intake-stores.postgres.js';
export { PostgresTaskReader } from './task-reader.postgres.js';
export { createTenantStores } from './tenant-tasks.postgres.js';

/** The gateway's schema, in order. Run by `migrate({ schema: INTAKE_SCHEMA, service: 'gateway', migrations })`. */
export const INTAKE_MIGRATIONS: readonly MigrationClass[] = [
  messagingMigration(INTAKE_SCHEMA),
  IntakeTables1760000001000,
  delayedRetriesMigration(INTAKE_SCHEMA),
  DeadLettersTable1760000011000,
];
