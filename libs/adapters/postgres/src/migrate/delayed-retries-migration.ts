import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from './migration-class.js';

/** Lets `parked_events` hold records that are tried again later: when, after how many tries and redrives. */
export function delayedRetriesMigration(schema: string): MigrationClass {
  return class implements MigrationInterface {
    readonly name = 'DelayedRetries1760000010000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(`ALTER TABLE ${schema}.parked_events
        ADD COLUMN due_at timestamptz,
        ADD COLUMN failed_tries integer NOT NULL DEFAULT 0,
        ADD COLUMN redrives integer NOT NULL DEFAULT 0`);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`ALTER TABLE ${schema}.parked_events
        DROP COLUMN due_at, DROP COLUMN failed_tries, DROP COLUMN redrives`);
    }
  };
}
