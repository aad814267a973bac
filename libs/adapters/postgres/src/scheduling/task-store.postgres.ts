import { toIso, type Instant, type TaskId, type TenantId } from '@millrace/kernel';
import { retryNotBefore, type PendingTask, type Task } from '@millrace/scheduling';
import type { LaneCount, TaskStore, Tombstone } from '@millrace/scheduling/ports';
import type pg from 'pg';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';
import { attemptsFromStored, progressToColumns, requestsToColumns, taskFromRow, type TaskRow } from './task.mapping.js';

const s = SCHEDULING_SCHEMA;

const PROGRESS_COLUMNS =
  'state, phase, sequence, epoch, failure_retries, lost_deliveries, cancel_requested, checkpoint, attempts, started_at, ended_at, reason, error';

const INSERT_TASKS = `INSERT INTO ${s}.tasks (id, tenant_id, cost_centre, task_type, priority, work, needs_gpus,
    needs_vram_mib, max_retries, callback_url, metadata, requested_at, traceparent, ${PROGRESS_COLUMNS})
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::jsonb[], $7::integer[],
    $8::integer[], $9::integer[], $10::text[], $11::jsonb[], $12::timestamptz[], $13::text[],
    $14::text[], $15::text[], $16::integer[], $17::integer[], $18::integer[], $19::integer[], $20::boolean[],
    $21::jsonb[], $22::jsonb[], $23::timestamptz[], $24::timestamptz[], $25::text[], $26::jsonb[])
  ON CONFLICT (id) DO NOTHING RETURNING id`;

const SAVE_TASKS = `UPDATE ${s}.tasks SET state = t.state, phase = t.phase, sequence = t.sequence, epoch = t.epoch,
    failure_retries = t.failure_retries, lost_deliveries = t.lost_deliveries, cancel_requested = t.cancel_requested,
    checkpoint = t.checkpoint, attempts = t.attempts, started_at = t.started_at, ended_at = t.ended_at,
    reason = t.reason, error = t.error
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::integer[],
    $8::boolean[], $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::jsonb[])
    AS t (id, ${PROGRESS_COLUMNS})
  WHERE tasks.id = t.id`;

/** Walks from lane to lane over the index, and takes the first of each: what lies behind them costs nothing. */
const PENDING = `WITH RECURSIVE lanes AS (
    (SELECT task_type, priority FROM ${s}.tasks WHERE state = 'queued' ORDER BY task_type, priority LIMIT 1)
    UNION ALL
    SELECT following.task_type, following.priority FROM lanes, LATERAL (
      SELECT task_type, priority FROM ${s}.tasks
      WHERE state = 'queued' AND (task_type, priority) > (lanes.task_type, lanes.priority)
      ORDER BY task_type, priority LIMIT 1) AS following
  )
  SELECT first.* FROM lanes, LATERAL (
    SELECT id, task_type, priority, needs_gpus, needs_vram_mib, requested_at, failure_retries,
      attempts -> -1 AS last_attempt FROM ${s}.tasks
    WHERE state = 'queued' AND task_type = lanes.task_type AND priority = lanes.priority
    ORDER BY requested_at, id LIMIT $1) AS first`;

const LANE_COUNTS = `SELECT task_type, priority, count(*) FILTER (WHERE state = 'queued')::int AS waiting,
    count(*) FILTER (WHERE state = 'processing')::int AS running,
    min(requested_at) FILTER (WHERE state = 'queued') AS oldest
  FROM ${s}.tasks WHERE state IN ('queued', 'processing')
  GROUP BY task_type, priority ORDER BY task_type, priority DESC`;

const OVERDUE = `SELECT * FROM ${s}.tasks WHERE state = 'queued' AND epoch = 0 AND requested_at < $1
  ORDER BY requested_at LIMIT $2`;

const LEAVE_TOMBSTONES = `INSERT INTO ${s}.tombstones (task_id, tenant_id)
  SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING`;

type PendingRow = Pick<
  TaskRow,
  'id' | 'task_type' | 'priority' | 'needs_gpus' | 'needs_vram_mib' | 'requested_at' | 'failure_retries'
> & { readonly last_attempt: TaskRow['attempts'][number] | null };

interface LaneRow {
  readonly task_type: string;
  readonly priority: number;
  readonly waiting: number;
  readonly running: number;
  readonly oldest: Date | null;
}

function notBeforeOf({ last_attempt: last, failure_retries: failureRetries }: PendingRow): { notBefore?: Instant } {
  const notBefore = last === null ? null : retryNotBefore({ attempts: attemptsFromStored([last]), failureRetries });
  return notBefore === null ? {} : { notBefore };
}

/** Tasks over the transaction's connection, whose role is `_system`. */
export class PostgresTaskStore implements TaskStore {
  constructor(private readonly client: pg.ClientBase) {}

  async insert(tasks: readonly Task[]): Promise<ReadonlySet<TaskId>> {
    const values = requestsToColumns(tasks);
    const { rows } = await this.client.query<{ id: TaskId }>({
      name: 'scheduling-insert-tasks',
      text: INSERT_TASKS,
      values,
    });
    return new Set(rows.map(({ id }) => id));
  }

  async load(ids: readonly TaskId[]): Promise<readonly Task[]> {
    const text = `SELECT * FROM ${s}.tasks WHERE id = ANY($1::uuid[])`;
    const { rows } = await this.client.query<TaskRow>({ name: 'scheduling-load-tasks', text, values: [ids] });
    return rows.map(taskFromRow);
  }

  async save(tasks: readonly Task[]): Promise<void> {
    await this.client.query({ name: 'scheduling-save-tasks', text: SAVE_TASKS, values: progressToColumns(tasks) });
  }

  async pending(perLane: number): Promise<readonly PendingTask[]> {
    const { rows } = await this.client.query<PendingRow>({
      name: 'scheduling-pending',
      text: PENDING,
      values: [perLane],
    });
    return rows.map((row) => ({
      id: row.id as TaskId,
      taskType: row.task_type,
      priority: row.priority,
      needs: { gpus: row.needs_gpus, vramMiB: row.needs_vram_mib },
      requestedAt: row.requested_at.getTime(),
      ...notBeforeOf(row),
    }));
  }

  async laneCounts(): Promise<readonly LaneCount[]> {
    const { rows } = await this.client.query<LaneRow>({ name: 'scheduling-lane-counts', text: LANE_COUNTS });
    return rows.map((row) => ({
      taskType: row.task_type,
      priority: row.priority,
      waiting: row.waiting,
      running: row.running,
      oldestRequestedAt: row.oldest?.getTime() ?? null,
    }));
  }

  async overdue(before: Instant, limit: number): Promise<readonly Task[]> {
    const { rows } = await this.client.query<TaskRow>({
      name: 'scheduling-overdue',
      text: OVERDUE,
      values: [toIso(before), limit],
    });
    return rows.map(taskFromRow);
  }

  async leaveTombstones(tombstones: readonly Tombstone[]): Promise<void> {
    const values = [tombstones.map(({ taskId }) => taskId), tombstones.map(({ tenantId }) => tenantId)];
    await this.client.query({ name: 'scheduling-leave-tombstones', text: LEAVE_TOMBSTONES, values });
  }

  async tombstonesOf(taskIds: readonly TaskId[]): Promise<readonly Tombstone[]> {
    const text = `SELECT task_id, tenant_id FROM ${s}.tombstones WHERE task_id = ANY($1::uuid[])`;
    const { rows } = await this.client.query<{ task_id: string; tenant_id: string }>({
      name: 'scheduling-tombstones',
      text,
      values: [taskIds],
    });
    return rows.map((row) => ({ taskId: row.task_id as TaskId, tenantId: row.tenant_id as TenantId }));
  }

  async removeEnded(before: Instant, limit: number): Promise<number> {
    const text = `DELETE FROM ${s}.tasks WHERE id IN
      (SELECT id FROM ${s}.tasks WHERE ended_at < $1 AND state NOT IN ('queued', 'processing') LIMIT $2)`;
    return (await this.client.query(text, [toIso(before), limit])).rowCount ?? 0;
  }

  async removeTombstones(before: Instant, limit: number): Promise<number> {
    const text = `DELETE FROM ${s}.tombstones WHERE (task_id, tenant_id) IN
      (SELECT task_id, tenant_id FROM ${s}.tombstones WHERE left_at < $1 LIMIT $2)`;
    return (await this.client.query(text, [toIso(before), limit])).rowCount ?? 0;
  }
}
