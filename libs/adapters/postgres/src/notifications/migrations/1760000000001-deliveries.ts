import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deliveries, their log, and the tenants' secrets. Tenants' requests see their own rows only. */
export class Deliveries1760000000001 implements MigrationInterface {
  readonly name = 'Deliveries1760000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE notifier.tries, notifier.deliveries, notifier.secrets');
  }
}

const tenantRows = (table: string): readonly string[] => [
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY tenant_rows ON ${table} TO millrace_notifier_request
     USING (tenant_id = current_setting('app.tenant_id', true))
     WITH CHECK (tenant_id = current_setting('app.tenant_id', true))`,
  `CREATE POLICY all_rows ON ${table} TO millrace_notifier_system USING (true) WITH CHECK (true)`,
];

const STATEMENTS: readonly string[] = [
  `CREATE TABLE notifier.deliveries (
     id uuid PRIMARY KEY,
     tenant_id text COLLATE "C" NOT NULL,
     task_id uuid NOT NULL,
     event_id uuid NOT NULL,
     event_type text NOT NULL,
     url text COLLATE "C" NOT NULL,
     origin text COLLATE "C" NOT NULL,
     occurred_at text NOT NULL,
     content jsonb NOT NULL,
     traceparent text,
     state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
     tries integer NOT NULL,
     created_at timestamptz NOT NULL,
     next_try_at timestamptz,
     held_until timestamptz,
     CONSTRAINT deliveries_event_url UNIQUE (event_id, url)
   ) WITH (fillfactor = 70)`,
  `CREATE INDEX deliveries_due ON notifier.deliveries (next_try_at) WHERE state = 'pending'`,
  `CREATE INDEX deliveries_newest ON notifier.deliveries (tenant_id, created_at DESC, id DESC)`,
  `CREATE INDEX deliveries_task ON notifier.deliveries (tenant_id, task_id)`,
  `CREATE TABLE notifier.tries (
     delivery_id uuid NOT NULL REFERENCES notifier.deliveries (id) ON DELETE CASCADE,
     number integer NOT NULL,
     tenant_id text COLLATE "C" NOT NULL,
     at timestamptz NOT NULL,
     outcome jsonb NOT NULL,
     PRIMARY KEY (delivery_id, number)
   )`,
  `CREATE TABLE notifier.secrets (
     tenant_id text COLLATE "C" PRIMARY KEY,
     current text NOT NULL,
     created_at timestamptz NOT NULL,
     previous text,
     previous_expires_at timestamptz
   )`,
  ...['notifier.deliveries', 'notifier.tries', 'notifier.secrets'].flatMap(tenantRows),
];
