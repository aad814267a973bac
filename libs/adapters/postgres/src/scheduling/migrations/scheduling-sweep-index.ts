import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SCHEDULING_SCHEMA } from '../scheduling-schema.js';

/** Tasks end about in the order they came: a block range index finds the old ones and costs next to nothing to keep. */
export class SchedulingSweepIndex1760000002001 implements MigrationInterface {
  readonly name = 'SchedulingSweepIndex1760000002001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX tasks_ended ON ${SCHEDULING_SCHEMA}.tasks USING brin (ended_at) WITH (pages_per_range = 32)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX ${SCHEDULING_SCHEMA}.tasks_ended`);
  }
}
