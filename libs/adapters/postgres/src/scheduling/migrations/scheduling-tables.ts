import type { MigrationInterface, QueryRunner } from 'typeorm';
import { serviceRoles } from '../../migrate/migrate.js';
import { SCHEDULING_SCHEMA } from '../scheduling-schema.js';

const { request } = serviceRoles('scheduler');
const s = SCHEDULING_SCHEMA;

const TABLES = [
  `CREATE TABLE ${s}.tasks (
     id uuid PRIMARY KEY,
     tenant_id text COLLATE "C" NOT NULL,
     cost_centre text NOT NULL,
     task_type text COLLATE "C" NOT NULL,
     priority smallint NOT NULL,
     work jsonb NOT NULL,
     needs_gpus integer NOT NULL,
     needs_vram_mib integer NOT NULL,
     max_retries integer NOT NULL,
     callback_url text,
     metadata jsonb NOT NULL,
     requested_at timestamptz NOT NULL,
     traceparent text,
     state text COLLATE "C" NOT NULL
       CHECK (state IN ('queued', 'processing', 'completed', 'failed', 'cancelled', 'expired')),
     phase text,
     sequence integer NOT NULL,
     epoch integer NOT NULL,
     failure_retries integer NOT NULL,
     lost_deliveries integer NOT NULL,
     cancel_requested boolean NOT NULL,
     checkpoint jsonb,
     attempts jsonb NOT NULL,
     started_at timestamptz,
     ended_at timestamptz,
     reason text,
     error jsonb
   ) WITH (fillfactor = 70)`,
  // Only what waits is looked for by anything but its id: lanes in order of service, and the oldest that was never leased.
  `CREATE INDEX tasks_lanes ON ${s}.tasks (task_type, priority, requested_at, id) WHERE state = 'queued'`,
  `CREATE INDEX tasks_running ON ${s}.tasks (task_type, priority) WHERE state = 'processing'`,
  `CREATE INDEX tasks_never_leased ON ${s}.tasks (requested_at) WHERE state = 'queued' AND epoch = 0`,
  `CREATE TABLE ${s}.tombstones (
     task_id uuid NOT NULL,
     tenant_id text COLLATE "C" NOT NULL,
     left_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (task_id, tenant_id)
   )`,
  // The primary key is the promise that a task never has two live leases.
  `CREATE TABLE ${s}.leases (
     task_id uuid PRIMARY KEY REFERENCES ${s}.tasks (id),
     attempt integer NOT NULL,
     epoch integer NOT NULL,
     worker_id text COLLATE "C" NOT NULL,
     incarnation uuid NOT NULL,
     granted_at timestamptz NOT NULL DEFAULT clock_timestamp()
   ) WITH (fillfactor = 70)`,
  `CREATE INDEX leases_holder ON ${s}.leases (incarnation)`,
  `CREATE TABLE ${s}.workers (
     incarnation uuid PRIMARY KEY,
     worker_id text COLLATE "C" NOT NULL,
     instance_id text NOT NULL,
     pool text NOT NULL,
     capacity text NOT NULL,
     gpu_type text NOT NULL,
     gpus integer NOT NULL,
     vram_mib integer NOT NULL,
     slots integer NOT NULL,
     task_types text[] NOT NULL,
     engine text NOT NULL,
     version text NOT NULL,
     price_per_gpu_hour numeric(20, 0) NOT NULL,
     state text COLLATE "C" NOT NULL CHECK (state IN ('ready', 'draining', 'lost', 'left')),
     registered_at timestamptz NOT NULL,
     heartbeat_at timestamptz NOT NULL,
     heartbeat_ms bigint NOT NULL
   ) WITH (fillfactor = 70)`,
  `CREATE UNIQUE INDEX workers_current ON ${s}.workers (worker_id) WHERE state IN ('ready', 'draining')`,
  `CREATE INDEX workers_registered ON ${s}.workers (registered_at DESC)`,
  `CREATE TABLE ${s}.leader (
     name text COLLATE "C" PRIMARY KEY,
     holder text COLLATE "C" NOT NULL,
     term bigint NOT NULL,
     expires_at timestamptz NOT NULL
   )`,
];

/** An API call of the scheduler reads workers and their leases, and nothing of any tenant's. */
const ACCESS = [
  `REVOKE ALL ON ${s}.tasks, ${s}.tombstones, ${s}.leader FROM ${request}`,
  `REVOKE INSERT, UPDATE, DELETE ON ${s}.leases, ${s}.workers FROM ${request}`,
];

export class SchedulingTables1760000002000 implements MigrationInterface {
  readonly name = 'SchedulingTables1760000002000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...TABLES, ...ACCESS]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${s}.leader, ${s}.leases, ${s}.workers, ${s}.tombstones, ${s}.tasks`);
  }
}
