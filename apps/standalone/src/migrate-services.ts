import { migrate, type MigrationClass } from '@millrace/adapter-postgres';
import { billingMigrations } from '@millrace/adapter-postgres/billing';
import { INTAKE_MIGRATIONS } from '@millrace/adapter-postgres/intake';
import { notificationMigrations } from '@millrace/adapter-postgres/notifications';
import { SCHEDULING_MIGRATIONS } from '@millrace/adapter-postgres/scheduling';
import type { Logger } from '@millrace/kernel';

const SCHEMAS: readonly { readonly service: string; readonly migrations: readonly MigrationClass[] }[] = [
  { service: 'gateway', migrations: INTAKE_MIGRATIONS },
  { service: 'scheduler', migrations: SCHEDULING_MIGRATIONS },
  { service: 'billing', migrations: billingMigrations },
  { service: 'notifier', migrations: notificationMigrations },
];

/** Brings every service's schema up to date; what is there is upgraded, never dropped. `url` is an administrator's. */
export async function migrateServices(url: string, logger: Logger): Promise<void> {
  for (const { service, migrations } of SCHEMAS) await migrate({ url, schema: service, service, migrations, logger });
}
