import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SCHEDULING_SCHEMA } from '../scheduling-schema.js';

const s = SCHEDULING_SCHEMA;

/** Lets the sweeper find what ended long ago. Ranges of pages: it costs the hot path next to nothing. */
export class SweepIndexes1760000012000 implements MigrationInterface {
  readonly name = 'SweepIndexes1760000012000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX tasks_ended ON ${s}.tasks USING brin (ended_at) WITH (pages_per_range = 32)`);
    await runner.query(
      `CREATE INDEX tombstones_left ON ${s}.tombstones USING brin (left_at) WITH (pages_per_range = 32)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX ${s}.tasks_ended, ${s}.tombstones_left`);
  }
}
