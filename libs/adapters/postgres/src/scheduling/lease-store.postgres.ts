import type { TaskId } from '@millrace/kernel';
import type { Lease, LeaseStore } from '@millrace/scheduling/ports';
import type pg from 'pg';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';

const s = SCHEDULING_SCHEMA;
const COLUMNS = 'task_id, attempt, epoch, worker_id, incarnation';

const GRANT = `INSERT INTO ${s}.leases (${COLUMNS})
  SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[], $5::uuid[])`;

interface LeaseRow {
  readonly task_id: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly worker_id: string;
  readonly incarnation: string;
}

/** Live leases: the primary key refuses a second one for a task. */
export class PostgresLeaseStore implements LeaseStore {
  constructor(private readonly client: pg.ClientBase) {}

  async grant(leases: readonly Lease[]): Promise<void> {
    const values = [
      leases.map((lease) => lease.taskId),
      leases.map((lease) => lease.attempt),
      leases.map((lease) => lease.epoch),
      leases.map((lease) => lease.workerId),
      leases.map((lease) => lease.incarnation),
    ];
    await this.client.query({ name: 'scheduling-grant-leases', text: GRANT, values });
  }

  async end(taskIds: readonly TaskId[]): Promise<void> {
    const text = `DELETE FROM ${s}.leases WHERE task_id = ANY($1::uuid[])`;
    await this.client.query({ name: 'scheduling-end-leases', text, values: [taskIds] });
  }

  async heldBy(incarnations: readonly string[]): Promise<readonly Lease[]> {
    if (incarnations.length === 0) return [];
    const text = `SELECT ${COLUMNS} FROM ${s}.leases WHERE incarnation = ANY($1::uuid[]) ORDER BY task_id`;
    const { rows } = await this.client.query<LeaseRow>({ name: 'scheduling-held-by', text, values: [incarnations] });
    return rows.map(leaseFromRow);
  }

  async all(): Promise<readonly Lease[]> {
    const text = `SELECT ${COLUMNS} FROM ${s}.leases ORDER BY task_id`;
    const { rows } = await this.client.query<LeaseRow>({ name: 'scheduling-all-leases', text });
    return rows.map(leaseFromRow);
  }
}

function leaseFromRow(row: LeaseRow): Lease {
  return {
    taskId: row.task_id as TaskId,
    attempt: row.attempt,
    epoch: row.epoch,
    workerId: row.worker_id,
    incarnation: row.incarnation,
  };
}
