import type { MigrationInterface, QueryRunner } from 'typeorm';
import { serviceRoles } from '../../migrate/migrate.js';
import { INTAKE_SCHEMA } from '../intake-schema.js';

const { request, system } = serviceRoles('gateway');
const s = INTAKE_SCHEMA;

const STATEMENTS = [
  `CREATE TABLE ${s}.dead_letters (
     id uuid PRIMARY KEY,
     state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'redriven', 'skipped')),
     consumer text COLLATE "C" NOT NULL,
     topic text COLLATE "C" NOT NULL,
     partition integer NOT NULL,
     "offset" bigint NOT NULL,
     key text COLLATE "C" NOT NULL,
     headers text NOT NULL,
     payload bytea NOT NULL,
     payload_bytes integer NOT NULL,
     event_id text,
     event_type text COLLATE "C",
     tenant_id text COLLATE "C",
     task_id text COLLATE "C",
     attempts integer NOT NULL,
     redrives integer NOT NULL,
     error_class text COLLATE "C" NOT NULL,
     reason text NOT NULL,
     blocks_key boolean NOT NULL,
     failed_at timestamptz NOT NULL,
     created_at timestamptz NOT NULL,
     resolved_at timestamptz,
     resolved_by text
   )`,
  `CREATE INDEX dead_letters_newest ON ${s}.dead_letters (created_at DESC, id DESC)`,
  `CREATE INDEX dead_letters_open ON ${s}.dead_letters (created_at, id) WHERE state = 'open'`,
  // They are of all tenants: an operator reads them over the `_system` role.
  `ALTER TABLE ${s}.dead_letters ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${s}.dead_letters FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY all_rows ON ${s}.dead_letters TO ${system} USING (true) WITH CHECK (true)`,
  `REVOKE ALL ON ${s}.dead_letters FROM ${request}`,
];

/** What consumers of all services could not apply. */
export class DeadLettersTable1760000011000 implements MigrationInterface {
  readonly name = 'DeadLettersTable1760000011000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${s}.dead_letters`);
  }
}
