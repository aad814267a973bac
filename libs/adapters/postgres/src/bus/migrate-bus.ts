import pg from 'pg';
import { systemRng, type Logger, type Rng } from '@millrace/kernel';
import { migrateSchema } from '../migrate/migrate.js';
import { mappingFaults } from '../pool/map-fault.js';
import { BUS_MIGRATIONS } from './bus-migrations.js';

/** The role that may use the event log and nothing else. */
export const BUS_ROLE = 'millrace_bus';
/** The user that logs in with that role's rights only: for workers, which have no database of their own. */
const BUS_USER = 'millrace_bus_worker';
const PASSWORD_BYTES = 24;

/** Brings schema `bus` up to date. `url` is an administrator's. */
export function migrateBus(options: { readonly url: string; readonly logger?: Logger }): Promise<void> {
  return migrateSchema({ ...options, schema: 'bus', roles: { system: BUS_ROLE }, migrations: BUS_MIGRATIONS });
}

/**
 * A connection string with the rights of `millrace_bus` only, with a new password: earlier ones stop to work for new
 * connections. `url` is an administrator's; call `migrateBus` before.
 */
export async function createBusLogin(options: { readonly url: string; readonly rng?: Rng }): Promise<string> {
  const password = Buffer.from((options.rng ?? systemRng).bytes(PASSWORD_BYTES)).toString('hex');
  await mappingFaults(() => setLogin(options.url, password));
  const url = new URL(options.url);
  url.username = BUS_USER;
  url.password = password;
  return url.href;
}

async function setLogin(url: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'millrace-bus-login' });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`DO $$ BEGIN CREATE ROLE ${BUS_USER} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await client.query(`ALTER ROLE ${BUS_USER} PASSWORD '${password}'`);
    await client.query(`GRANT ${BUS_ROLE} TO ${BUS_USER}`);
  } finally {
    await client.end();
  }
}
