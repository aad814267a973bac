import { delayedRetriesMigration } from '../migrate/delayed-retries-migration.js';
import { messagingMigration } from '../migrate/messaging-migration.js';
import type { MigrationClass } from '../migrate/migration-class.js';
import { Deliveries1760000000001 } from './migrations/1760000000001-deliveries.js';

export { PostgresDeliveryStore } from './delivery-store.postgres.js';
export { PostgresSecretStore } from './secret-store.postgres.js';

/** Migrations of the schema `notifier`, in order. */
export const notificationMigrations: readonly MigrationClass[] = [
  messagingMigration('notifier'),
  Deliveries1760000000001,
  delayedRetriesMigration('notifier'),
];
