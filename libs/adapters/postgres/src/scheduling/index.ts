import type { SchedulingStores } from '@millrace/scheduling/ports';
import type pg from 'pg';
import { delayedRetriesMigration } from '../migrate/delayed-retries-migration.js';
import { messagingMigration } from '../migrate/messaging-migration.js';
import type { MigrationClass } from '../migrate/migration-class.js';
import { PostgresHistoryStore } from './history-store.postgres.js';
import { PostgresLeaderGuard } from './leader-store.postgres.js';
import { PostgresLeaseStore } from './lease-store.postgres.js';
import { FairReading1760000014000 } from './migrations/fair-reading.js';
import { LeasesWithoutReference1760000015000 } from './migrations/leases-without-reference.js';
import { SchedulingTables1760000002000 } from './migrations/scheduling-tables.js';
import { SweepIndexes1760000012000 } from './migrations/sweep-indexes.js';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';
import { PostgresTaskStore } from './task-store.postgres.js';
import { PostgresWorkerStore } from './worker-store.postgres.js';

export { PostgresLeaderStore } from './leader-store.postgres.js';
export { PostgresWorkerStore } from './worker-store.postgres.js';
export { SCHEDULING_SCHEMA } from './scheduling-schema.js';

/** The scheduler's schema, in order. Run by `migrate({ schema: SCHEDULING_SCHEMA, service: 'scheduler', migrations })`. */
export const SCHEDULING_MIGRATIONS: readonly MigrationClass[] = [
  messagingMigration(SCHEDULING_SCHEMA),
  SchedulingTables1760000002000,
  delayedRetriesMigration(SCHEDULING_SCHEMA),
  SweepIndexes1760000012000,
  FairReading1760000014000,
  LeasesWithoutReference1760000015000,
];

/** The stores of one transaction; the connection's role is `_system`. */
export function createSchedulingStores(client: pg.ClientBase): SchedulingStores {
  return {
    tasks: new PostgresTaskStore(client),
    leases: new PostgresLeaseStore(client),
    workers: new PostgresWorkerStore(client),
    history: new PostgresHistoryStore(client),
    leader: new PostgresLeaderGuard(client),
  };
}
