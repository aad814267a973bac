import type { MigrationInterface, QueryRunner } from 'typeorm';
import { serviceRoles } from '../../migrate/migrate.js';
import { SCHEDULING_SCHEMA } from '../scheduling-schema.js';

const { request } = serviceRoles('scheduler');
const s = SCHEDULING_SCHEMA;
/** Of tasks that were queued before there was a prediction: TYP-22's estimate, which says little and orders nothing. */
const UNKNOWN = `'{"p50GpuMs":180000,"p90GpuMs":360000,"basis":"profile","samples":0}'`;

const TABLES = [
  `ALTER TABLE ${s}.tasks ADD COLUMN prediction jsonb NOT NULL DEFAULT ${UNKNOWN},
     ADD COLUMN predicted_gpu_ms bigint NOT NULL DEFAULT 180000`,
  // Each tenant's shortest in each lane. The lane's oldest are found by tasks_lanes.
  `CREATE INDEX tasks_shortest ON ${s}.tasks (task_type, priority, tenant_id, predicted_gpu_ms, requested_at, id)
     WHERE state = 'queued'`,
  `ALTER TABLE ${s}.leases ADD COLUMN stop_asked_at timestamptz`,
  // Null: registered through a scheduler of the release before, while the deployment is upgraded.
  `ALTER TABLE ${s}.workers ADD COLUMN traits jsonb`,
  // The last runs of a key in one row: reading and adding cost one row however many there are.
  `CREATE TABLE ${s}.run_lengths (
     task_type text COLLATE "C" NOT NULL,
     model text COLLATE "C" NOT NULL,
     resolution text COLLATE "C",
     frames integer,
     steps integer,
     pool text COLLATE "C" NOT NULL,
     gpu_ms bigint[] NOT NULL,
     last_run_at timestamptz NOT NULL,
     UNIQUE NULLS NOT DISTINCT (task_type, model, resolution, frames, steps, pool)
   )`,
  `CREATE INDEX run_lengths_last ON ${s}.run_lengths (last_run_at)`,
  `CREATE TABLE ${s}.served (
     bucket timestamptz NOT NULL,
     priority smallint NOT NULL,
     tenant_id text COLLATE "C" NOT NULL,
     gpu_ms bigint NOT NULL,
     PRIMARY KEY (bucket, priority, tenant_id)
   ) WITH (fillfactor = 70)`,
  `REVOKE ALL ON ${s}.run_lengths, ${s}.served FROM ${request}`,
];

/** What fair sharing and prediction read and keep (ADR 14, ADR 15). */
export class FairReading1760000014000 implements MigrationInterface {
  readonly name = 'FairReading1760000014000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${s}.run_lengths, ${s}.served`);
    await runner.query(`DROP INDEX ${s}.tasks_shortest`);
    await runner.query(`ALTER TABLE ${s}.tasks DROP COLUMN prediction, DROP COLUMN predicted_gpu_ms`);
    await runner.query(`ALTER TABLE ${s}.leases DROP COLUMN stop_asked_at`);
    await runner.query(`ALTER TABLE ${s}.workers DROP COLUMN traits`);
  }
}
