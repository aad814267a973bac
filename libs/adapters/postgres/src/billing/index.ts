import type pg from 'pg';
import type { BillingStores } from '@millrace/billing/ports';
import { delayedRetriesMigration } from '../migrate/delayed-retries-migration.js';
import { messagingMigration } from '../migrate/messaging-migration.js';
import type { MigrationClass } from '../migrate/migration-class.js';
import { PostgresBillingLocks } from './billing-locks.postgres.js';
import { PostgresChargeStore } from './charge-store.postgres.js';
import { PostgresClosureStore } from './closure-store.postgres.js';
import { PostgresLedgerStore } from './ledger-store.postgres.js';
import { CreateBilling1760000000100 } from './migrations/create-billing.js';
import { PostgresPriceBookStore } from './price-book-store.postgres.js';
import { PostgresSegmentStore } from './segment-store.postgres.js';

export { PostgresCostReader } from './cost-reader.postgres.js';

export const BILLING_SCHEMA = 'billing';

/** For `migrate({ schema: 'billing', service: 'billing', migrations })`. */
export const billingMigrations: readonly MigrationClass[] = [
  messagingMigration(BILLING_SCHEMA),
  CreateBilling1760000000100,
  delayedRetriesMigration(BILLING_SCHEMA),
];

/** The stores of one transaction, for PostgresUnitOfWork. The connection has the role `millrace_billing_system`. */
export function postgresBillingStores(client: pg.ClientBase): BillingStores {
  return {
    locks: new PostgresBillingLocks(client),
    segments: new PostgresSegmentStore(client),
    prices: new PostgresPriceBookStore(client),
    closures: new PostgresClosureStore(client),
    ledger: new PostgresLedgerStore(client),
    charges: new PostgresChargeStore(client),
  };
}
