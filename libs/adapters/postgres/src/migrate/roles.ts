import type pg from 'pg';

export interface SchemaRoles {
  /** For API calls, under row-level security. */
  readonly request?: string;
  /** For batch writers, consumers and sweepers. */
  readonly system: string;
}

const TRIES = 5;
/** Another database of the same server grants the same role at the same moment. */
const CONCURRENT_UPDATE = 'XX000';

/** Makes the roles where they are missing, and the connected user a member (a superuser needs no membership). */
export async function ensureRoles(client: pg.Client, roles: SchemaRoles): Promise<void> {
  for (const role of namesOf(roles)) {
    await client.query(`DO $$ BEGIN CREATE ROLE ${role} NOLOGIN;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`);
    await retryingConcurrent(() =>
      client.query(`DO $$ BEGIN
        IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN GRANT ${role} TO CURRENT_USER; END IF;
        END $$`),
    );
  }
}

/** Lets the roles use the schema, and everything that the connected user makes in it from now on. */
export async function grantSchema(client: pg.Client, schema: string, roles: SchemaRoles): Promise<void> {
  const grantees = namesOf(roles).join(', ');
  const future = `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema}`;
  await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${grantees}`);
  await client.query(`${future} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${grantees}`);
  await client.query(`${future} GRANT USAGE, SELECT ON SEQUENCES TO ${grantees}`);
  await client.query(`${future} GRANT EXECUTE ON FUNCTIONS TO ${grantees}`);
}

/** What tenants' requests must not reach: others' events in the outbox, inbox marks, parked events; for all: migrations. */
const WITHHELD = [
  { table: 'migrations', rights: 'ALL', from: ['request', 'system'] },
  { table: 'typeorm_metadata', rights: 'ALL', from: ['request', 'system'] },
  { table: 'inbox', rights: 'ALL', from: ['request'] },
  { table: 'parked_events', rights: 'ALL', from: ['request'] },
  { table: 'outbox', rights: 'SELECT, UPDATE, DELETE', from: ['request'] },
] as const;

/** Takes back what the default rights give too widely. */
export async function grantMessagingTables(client: pg.Client, schema: string, roles: SchemaRoles): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
    [schema],
  );
  const present = new Set(rows.map(({ name }) => name));
  const statements = WITHHELD.flatMap(({ table, rights, from }) => {
    const grantees = from.flatMap((kind) => roles[kind] ?? []);
    if (!present.has(table) || grantees.length === 0) return [];
    return [`REVOKE ${rights} ON ${schema}.${table} FROM ${grantees.join(', ')}`];
  });
  // A request may learn the id of the row it writes, nothing else.
  if (roles.request !== undefined && present.has('outbox')) {
    statements.push(`GRANT SELECT (id) ON ${schema}.outbox TO ${roles.request}`);
  }
  // One query of several statements is one transaction: running services never meet the state between.
  if (statements.length > 0) await client.query(statements.join('; '));
}

function namesOf(roles: SchemaRoles): readonly string[] {
  return roles.request === undefined ? [roles.system] : [roles.request, roles.system];
}

async function retryingConcurrent(call: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await call();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== CONCURRENT_UPDATE || attempt === TRIES) throw error;
    }
  }
}
