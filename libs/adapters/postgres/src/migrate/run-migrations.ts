import type pg from 'pg';
import type { Logger } from 'typeorm';
import type { MigrationClass } from './migration-class.js';

const MIGRATIONS_TABLE = 'migrations';
/** TypeORM writes to the console, some of it even with logging off. Faults reach the caller as rejections. */
const silentTypeormLogger: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
};

/** Names of the migrations that have not run. Asked over `pg`, so that a start with nothing to do loads no TypeORM. */
export async function pendingMigrations(
  client: pg.Client,
  schema: string,
  migrations: readonly MigrationClass[],
): Promise<readonly string[]> {
  const table = `${schema}.${MIGRATIONS_TABLE}`;
  const { rows } = await client.query<{ present: boolean }>('SELECT to_regclass($1) IS NOT NULL AS present', [table]);
  const names = migrations.map(nameOf);
  if (rows[0]?.present !== true) return names;
  const done = new Set(
    (await client.query<{ name: string }>(`SELECT name FROM ${table}`)).rows.map(({ name }) => name),
  );
  return names.filter((name) => !done.has(name));
}

/** Runs what has not run, each in a transaction of its own, and notes it in the schema's own table. */
export async function runMigrations(url: string, schema: string, migrations: readonly MigrationClass[]): Promise<void> {
  const { DataSource } = await import('typeorm');
  const source = new DataSource({
    type: 'postgres',
    url,
    schema,
    applicationName: `millrace-migrate-${schema}`,
    installExtensions: false,
    migrations: [...migrations],
    migrationsTableName: MIGRATIONS_TABLE,
    migrationsTransactionMode: 'each',
    logger: silentTypeormLogger,
  });
  await source.initialize();
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}

function nameOf(migration: MigrationClass): string {
  return new migration().name ?? migration.name;
}
