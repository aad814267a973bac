import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from './migration-class.js';

/**
 * The tables of guarantees.md section 1 that every service's schema has. First in the list of its migrations.
 * `outbox`: one row per batch of events, deleted once published. `inbox`: what a consumer has applied.
 * `parked_events`: what a consumer set aside.
 */
export function messagingMigration(schema: string): MigrationClass {
  return class implements MigrationInterface {
    readonly name = 'Messaging1760000000000';

    async up(runner: QueryRunner): Promise<void> {
      for (const statement of tables(schema)) await runner.query(statement);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`DROP TABLE ${schema}.parked_events, ${schema}.inbox, ${schema}.outbox`);
    }
  };
}

function tables(schema: string): readonly string[] {
  return [
    // Rows live for milliseconds: vacuumed by number, kept in line and uncompressed.
    `CREATE TABLE ${schema}.outbox (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
       records bytea NOT NULL
     ) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`,
    `ALTER TABLE ${schema}.outbox ALTER COLUMN records SET STORAGE EXTERNAL`,
    `CREATE TABLE ${schema}.inbox (
       consumer text COLLATE "C" NOT NULL,
       event_id text COLLATE "C" NOT NULL,
       applied_at timestamptz NOT NULL DEFAULT now(),
       PRIMARY KEY (consumer, event_id)
     )`,
    `CREATE INDEX inbox_applied_at ON ${schema}.inbox USING brin (applied_at) WITH (pages_per_range = 32)`,
    `CREATE TABLE ${schema}.parked_events (
       consumer text COLLATE "C" NOT NULL,
       topic text COLLATE "C" NOT NULL,
       partition integer NOT NULL,
       "offset" bigint NOT NULL,
       kind text NOT NULL,
       reason text NOT NULL,
       parked_at timestamptz NOT NULL,
       key text COLLATE "C" NOT NULL,
       headers text NOT NULL,
       value bytea NOT NULL,
       appended_at timestamptz NOT NULL,
       PRIMARY KEY (consumer, topic, partition, "offset")
     )`,
    `CREATE INDEX parked_events_key ON ${schema}.parked_events (consumer, topic, key, "offset") INCLUDE (kind)`,
  ];
}
