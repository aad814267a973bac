import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The books of billing (guarantees.md section 2): facts that only grow (segments, capacity_changes, closures), what
 * the books say of them now (segment_statuses, instance_closings), the insert-only ledger, and the charges sent.
 */
export class CreateBilling1760000000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...FACTS, ...STATUSES, ...LEDGER, ...RIGHTS]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE billing.charges, billing.postings, billing.instance_closings,
      billing.segment_statuses, billing.closures, billing.capacity_changes, billing.segments`);
    await runner.query('DROP FUNCTION billing.refuse_change()');
  }
}

const FACTS = [
  `CREATE TABLE billing.segments (
     segment_id uuid PRIMARY KEY,
     instance_id text COLLATE "C" NOT NULL,
     gpu integer NOT NULL,
     kind text NOT NULL,
     tenant_id text COLLATE "C",
     task_id uuid,
     cost_centre text,
     attempt integer,
     epoch integer,
     seq integer NOT NULL,
     start_ms bigint NOT NULL,
     end_ms bigint NOT NULL,
     gpu_ms bigint NOT NULL,
     share_ppm integer NOT NULL,
     recorded_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE INDEX segments_gpu ON billing.segments (instance_id, gpu, end_ms)`,
  `CREATE INDEX segments_task ON billing.segments (task_id) WHERE task_id IS NOT NULL`,
  `CREATE TABLE billing.capacity_changes (
     instance_id text COLLATE "C" NOT NULL,
     change text NOT NULL,
     at_ms bigint NOT NULL,
     price_per_gpu_hour bigint NOT NULL,
     pool text NOT NULL,
     gpus integer NOT NULL,
     capacity text NOT NULL,
     PRIMARY KEY (instance_id, change, at_ms, price_per_gpu_hour)
   )`,
  `CREATE TABLE billing.closures (
     task_id uuid NOT NULL,
     attempt integer NOT NULL,
     epoch integer NOT NULL,
     tenant_id text COLLATE "C" NOT NULL,
     cost_centre text NOT NULL,
     instance_id text COLLATE "C" NOT NULL,
     outcome text NOT NULL,
     fault text NOT NULL,
     closed_at_ms bigint NOT NULL,
     segment_count integer,
     final boolean NOT NULL,
     sequence integer NOT NULL,
     traceparent text,
     PRIMARY KEY (task_id, attempt, epoch)
   )`,
  `CREATE INDEX closures_instance ON billing.closures (instance_id, closed_at_ms)`,
];

const STATUSES = [
  `CREATE TABLE billing.segment_statuses (
     segment_id uuid PRIMARY KEY REFERENCES billing.segments,
     state text NOT NULL,
     reason text,
     quarantined_ms bigint NOT NULL,
     rated jsonb NOT NULL,
     rate jsonb NOT NULL,
     settle jsonb NOT NULL
   )`,
  `CREATE TABLE billing.instance_closings (
     instance_id text COLLATE "C" NOT NULL,
     gpu integer NOT NULL,
     standing jsonb NOT NULL,
     PRIMARY KEY (instance_id, gpu)
   )`,
];

const LEDGER = [
  `CREATE TABLE billing.postings (
     entry_id uuid NOT NULL,
     line integer NOT NULL,
     kind text NOT NULL,
     subject text COLLATE "C" NOT NULL,
     revision integer NOT NULL,
     rule_version integer NOT NULL,
     reverses uuid,
     account text COLLATE "C" NOT NULL,
     amount bigint NOT NULL,
     gpu_ms bigint NOT NULL,
     instance_id text COLLATE "C" NOT NULL,
     gpu integer NOT NULL,
     tenant_id text COLLATE "C",
     task_id uuid,
     attempt integer,
     epoch integer,
     posted_at timestamptz NOT NULL,
     PRIMARY KEY (entry_id, line)
   )`,
  `CREATE INDEX postings_task ON billing.postings (task_id) WHERE task_id IS NOT NULL`,
  `CREATE INDEX postings_account ON billing.postings (account, posted_at)`,
  `CREATE FUNCTION billing.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'the ledger is insert-only: post a reversing entry' USING ERRCODE = 'restrict_violation'; END $$`,
  `CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.postings
     FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_change()`,
  `CREATE TABLE billing.charges (
     task_id uuid PRIMARY KEY,
     tenant_id text COLLATE "C" NOT NULL,
     sequence integer NOT NULL,
     cost bigint NOT NULL,
     gpu_ms bigint NOT NULL,
     billed_gpu_ms bigint NOT NULL,
     price_per_gpu_hour bigint NOT NULL,
     charged_at timestamptz NOT NULL
   )`,
];

/** A request reads its tenant's rows and writes nothing. The system adds facts and postings and changes neither. */
const RIGHTS = [
  `REVOKE ALL ON billing.segments, billing.capacity_changes, billing.closures, billing.segment_statuses,
     billing.instance_closings, billing.postings, billing.charges FROM millrace_billing_request`,
  `GRANT SELECT ON billing.segments, billing.segment_statuses, billing.closures, billing.postings, billing.charges
     TO millrace_billing_request`,
  `REVOKE UPDATE, DELETE, TRUNCATE ON billing.segments, billing.capacity_changes, billing.postings, billing.charges
     FROM millrace_billing_system`,
  `REVOKE DELETE, TRUNCATE ON billing.closures, billing.segment_statuses, billing.instance_closings
     FROM millrace_billing_system`,
  ...['segments', 'closures', 'postings', 'charges'].flatMap((table) =>
    security(table, `tenant_id = current_setting('app.tenant_id', true)`),
  ),
  ...security(
    'segment_statuses',
    'EXISTS (SELECT FROM billing.segments s WHERE s.segment_id = segment_statuses.segment_id)',
  ),
];

function security(table: string, visible: string): readonly string[] {
  return [
    `ALTER TABLE billing.${table} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE billing.${table} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY own_rows ON billing.${table} FOR SELECT TO millrace_billing_request USING (${visible})`,
    `CREATE POLICY all_rows ON billing.${table} TO millrace_billing_system USING (true) WITH CHECK (true)`,
  ];
}
