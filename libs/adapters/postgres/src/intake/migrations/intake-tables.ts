import type { MigrationInterface, QueryRunner } from 'typeorm';
import { serviceRoles } from '../../migrate/migrate.js';
import { INTAKE_SCHEMA } from '../intake-schema.js';

const { request, system } = serviceRoles('gateway');
const s = INTAKE_SCHEMA;
const OWN_ROWS = `tenant_id = current_setting('app.tenant_id', true)`;

const TABLES = [
  `CREATE TABLE ${s}.tenants (
     id text COLLATE "C" PRIMARY KEY,
     name text NOT NULL,
     interactive boolean NOT NULL,
     created_at timestamptz NOT NULL
   )`,
  `CREATE TABLE ${s}.api_keys (
     id text COLLATE "C" PRIMARY KEY,
     tenant_id text COLLATE "C" NOT NULL REFERENCES ${s}.tenants (id),
     hash text NOT NULL,
     scopes text[] NOT NULL,
     created_at timestamptz NOT NULL,
     expires_at timestamptz,
     revoked_at timestamptz
   )`,
  `CREATE INDEX api_keys_tenant ON ${s}.api_keys (tenant_id)`,
  `CREATE TABLE ${s}.idempotency (
     tenant_id text COLLATE "C" NOT NULL,
     key text COLLATE "C" NOT NULL,
     route text COLLATE "C" NOT NULL,
     body_hash text NOT NULL,
     task_id uuid NOT NULL,
     estimated_s integer NOT NULL,
     traceparent text,
     created_at timestamptz NOT NULL,
     PRIMARY KEY (tenant_id, key, route)
   )`,
  `CREATE INDEX idempotency_created ON ${s}.idempotency USING brin (created_at) WITH (pages_per_range = 32)`,
  // The request is what was accepted; the columns after it are what was told since.
  `CREATE TABLE ${s}.tasks (
     id uuid PRIMARY KEY,
     tenant_id text COLLATE "C" NOT NULL,
     task_type text COLLATE "C" NOT NULL,
     created_at timestamptz NOT NULL,
     request jsonb NOT NULL,
     state text COLLATE "C" NOT NULL
       CHECK (state IN ('queued', 'processing', 'completed', 'failed', 'cancelled', 'expired')),
     phase text,
     reason text,
     sequence integer NOT NULL,
     updated_at timestamptz NOT NULL,
     attempts jsonb NOT NULL,
     ending jsonb,
     charge jsonb,
     cancel_requested_at timestamptz,
     erased_at timestamptz
   ) WITH (fillfactor = 70)`,
  `CREATE INDEX tasks_newest ON ${s}.tasks (tenant_id, created_at DESC, id DESC)`,
  `CREATE INDEX tasks_by_state ON ${s}.tasks (tenant_id, state, created_at DESC, id DESC)`,
  `CREATE TABLE ${s}.task_events (
     task_id uuid NOT NULL REFERENCES ${s}.tasks (id) ON DELETE CASCADE,
     sequence integer NOT NULL,
     tenant_id text COLLATE "C" NOT NULL,
     name text NOT NULL,
     at timestamptz NOT NULL,
     data jsonb NOT NULL,
     PRIMARY KEY (task_id, sequence)
   )`,
];

/** Deny by default: a request sees its tenant's rows of two tables, and nothing of the others. */
const ACCESS = [
  ...['tasks', 'task_events', 'idempotency'].flatMap((table) => [
    `ALTER TABLE ${s}.${table} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${s}.${table} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY own_rows ON ${s}.${table} TO ${request} USING (${OWN_ROWS}) WITH CHECK (${OWN_ROWS})`,
    `CREATE POLICY all_rows ON ${s}.${table} TO ${system} USING (true) WITH CHECK (true)`,
  ]),
  `REVOKE ALL ON ${s}.tenants, ${s}.api_keys, ${s}.idempotency FROM ${request}`,
  `REVOKE INSERT, DELETE ON ${s}.tasks FROM ${request}`,
  `REVOKE INSERT, UPDATE, DELETE ON ${s}.task_events FROM ${request}`,
];

/** Tenants, keys, idempotency, the task view and its events. */
export class IntakeTables1760000001000 implements MigrationInterface {
  readonly name = 'IntakeTables1760000001000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...TABLES, ...ACCESS]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${s}.task_events, ${s}.tasks, ${s}.idempotency, ${s}.api_keys, ${s}.tenants`);
  }
}
