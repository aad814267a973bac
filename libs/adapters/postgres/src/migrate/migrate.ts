import pg from 'pg';
import { silentLogger, type Logger } from '@millrace/kernel';
import { mappingFaults } from '../pool/map-fault.js';
import type { MigrationClass } from './migration-class.js';
import { ensureRoles, grantMessagingTables, grantSchema, type SchemaRoles } from './roles.js';
import { pendingMigrations, runMigrations } from './run-migrations.js';

export interface MigrateOptions {
  /** An administrator's URL: the user may create schemas and roles. */
  readonly url: string;
  readonly schema: string;
  /** Names the roles: `millrace_<service>_request` and `millrace_<service>_system`. */
  readonly service: string;
  readonly migrations: readonly MigrationClass[];
  readonly logger?: Logger;
}

export interface MigrateSchemaOptions extends Omit<MigrateOptions, 'service'> {
  readonly roles: SchemaRoles;
}

const LOCK_WAIT_MS = 60_000;
const IDENTIFIER = /^[a-z_][a-z0-9_]{0,40}$/;

/** Role names of a service. The roles own nothing and can't log in; pools take them on. */
export function serviceRoles(service: string): { readonly request: string; readonly system: string } {
  return { request: `millrace_${service}_request`, system: `millrace_${service}_system` };
}

/**
 * Brings a service's schema up to date: schema, roles and grants where missing, then the migrations that have not run.
 * Existing rows stay. Two callers at once take turns. Rejects with `unavailable` when the database is away.
 */
export function migrate(options: MigrateOptions): Promise<void> {
  return migrateSchema({ ...options, roles: serviceRoles(options.service) });
}

/** `migrate` with roles of any name. */
export function migrateSchema(options: MigrateSchemaOptions): Promise<void> {
  const { schema, roles } = options;
  for (const name of [schema, roles.system, ...(roles.request === undefined ? [] : [roles.request])]) {
    if (!IDENTIFIER.test(name)) throw new RangeError(`"${name}" is no name for a schema or role`);
  }
  return mappingFaults(() => withLock(options, (client) => bringUpToDate(client, options)));
}

async function withLock(options: MigrateSchemaOptions, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: `millrace-migrate-${options.schema}`,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
    // One at a time per database, not per schema: roles are shared by all.
    await client.query(`SELECT pg_advisory_lock(hashtextextended('millrace migrate', 0))`);
    await work(client);
  } finally {
    await client.end();
  }
}

async function bringUpToDate(client: pg.Client, options: MigrateSchemaOptions): Promise<void> {
  const logger = options.logger ?? silentLogger;
  const pending = await pendingMigrations(client, options.schema, options.migrations);
  if (pending.length > 0) {
    await ensureRoles(client, options.roles);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${options.schema}`);
    await grantSchema(client, options.schema, options.roles);
    await runMigrations(options.url, options.schema, options.migrations);
    logger.info('migrated a schema', { schema: options.schema, migrations: pending });
  }
  await grantMessagingTables(client, options.schema, options.roles);
}
