import { toIso, type Instant, type TaskId, type TenantId } from '@millrace/kernel';
import type { Lease, LeaseStore, RunningLease } from '@millrace/scheduling/ports';
import type { Attempt, PredictedTime } from '@millrace/scheduling';
import type pg from 'pg';
import { integerArray, textArray, uuidArray } from '../pool/binary-arrays.js';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';

const s = SCHEDULING_SCHEMA;
const COLUMNS = 'task_id, attempt, epoch, worker_id, incarnation';

const GRANT = `INSERT INTO ${s}.leases (${COLUMNS})
  SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[], $5::uuid[])`;

const RUNNING = `SELECT leases.task_id, leases.epoch, leases.incarnation, leases.stop_asked_at, tenant_id, cost_centre,
    task_type, priority, needs_gpus, needs_vram_mib, prediction, attempts -> -1 AS attempt,
    (SELECT count(*) FROM jsonb_array_elements(attempts) AS past WHERE past ->> 'state' = 'preempted')::int AS preemptions
  FROM ${s}.leases JOIN ${s}.tasks ON tasks.id = leases.task_id
  WHERE $1::smallint[] IS NULL OR priority = ANY($1) ORDER BY leases.task_id`;

const NOTE_STOP = `UPDATE ${s}.leases SET stop_asked_at = $3
  FROM unnest($1::uuid[], $2::integer[]) AS asked (task_id, epoch)
  WHERE leases.task_id = asked.task_id AND leases.epoch = asked.epoch RETURNING leases.task_id`;

interface RunningRow {
  readonly task_id: string;
  readonly epoch: number;
  readonly incarnation: string;
  readonly stop_asked_at: Date | null;
  readonly tenant_id: string;
  readonly cost_centre: string;
  readonly task_type: string;
  readonly priority: number;
  readonly needs_gpus: number;
  readonly needs_vram_mib: number;
  readonly prediction: PredictedTime;
  readonly attempt: Pick<Attempt, 'leasedAt' | 'startedAt' | 'gpuMs' | 'devices'>;
  readonly preemptions: number;
}

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
      uuidArray(leases.map((lease) => lease.taskId)),
      integerArray(leases.map((lease) => lease.attempt)),
      integerArray(leases.map((lease) => lease.epoch)),
      textArray(leases.map((lease) => lease.workerId)),
      uuidArray(leases.map((lease) => lease.incarnation)),
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

  async running(priorities?: readonly number[]): Promise<readonly RunningLease[]> {
    const values = [priorities ?? null];
    const { rows } = await this.client.query<RunningRow>({ name: 'scheduling-running', text: RUNNING, values });
    return rows.map(runningFromRow);
  }

  async noteStop(leases: readonly Pick<Lease, 'taskId' | 'epoch'>[], at: Instant): Promise<readonly TaskId[]> {
    const values = [leases.map(({ taskId }) => taskId), leases.map(({ epoch }) => epoch), toIso(at)];
    const { rows } = await this.client.query<{ task_id: TaskId }>({
      name: 'scheduling-note-stop',
      text: NOTE_STOP,
      values,
    });
    return rows.map(({ task_id: taskId }) => taskId);
  }
}

function runningFromRow(row: RunningRow): RunningLease {
  const { leasedAt, startedAt, gpuMs, devices } = row.attempt;
  return {
    taskId: row.task_id as TaskId,
    epoch: row.epoch,
    incarnation: row.incarnation,
    tenantId: row.tenant_id as TenantId,
    costCentre: row.cost_centre,
    taskType: row.task_type,
    priority: row.priority,
    needs: { gpus: row.needs_gpus, vramMiB: row.needs_vram_mib },
    ...{ leasedAt, startedAt, gpuMs },
    prediction: row.prediction,
    preemptions: row.preemptions,
    ...(devices === undefined ? {} : { devices }),
    stopAskedAt: row.stop_asked_at?.getTime() ?? null,
  };
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
