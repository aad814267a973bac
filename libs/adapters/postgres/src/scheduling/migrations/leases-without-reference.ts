import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SCHEDULING_SCHEMA } from '../scheduling-schema.js';

const s = SCHEDULING_SCHEMA;

/**
 * A lease's task is there without the database looking: the transaction that writes the lease has read the task's row and
 * updates it, and only tasks that have ended are removed, which hold none. The look cost as much as three rows of leases.
 */
export class LeasesWithoutReference1760000015000 implements MigrationInterface {
  readonly name = 'LeasesWithoutReference1760000015000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${s}.leases DROP CONSTRAINT leases_task_id_fkey`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE ${s}.leases ADD CONSTRAINT leases_task_id_fkey FOREIGN KEY (task_id) REFERENCES ${s}.tasks (id)`,
    );
  }
}
