import { toIso, type Instant, type TaskId, type TenantId } from '@millrace/kernel';
import { retryNotBefore, type Task } from '@millrace/scheduling';
import type { LaneCount, QueueReading, TaskStore, Tombstone, WaitingTask } from '@millrace/scheduling/ports';
import type pg from 'pg';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';
import { attemptsFromStored, progressToColumns, requestsToColumns, taskFromRow, type TaskRow } from './task.mapping.js';

const s = SCHEDULING_SCHEMA;

const PROGRESS_COLUMNS =
  'state, phase, sequence, epoch, failure_retries, lost_deliveries, cancel_requested, checkpoint, attempts, started_at, ended_at, reason, error';

const INSERT_TASKS = `INSERT INTO ${s}.tasks (id, tenant_id, cost_centre, task_type, priority, work, needs_gpus,
    needs_vram_mib, max_retries, callback_url, metadata, requested_at, traceparent, prediction, predicted_gpu_ms, ${PROGRESS_COLUMNS})
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::jsonb[], $7::integer[],
    $8::integer[], $9::integer[], $10::text[], $11::jsonb[], $12::timestamptz[], $13::text[], $14::jsonb[], $15::bigint[],
    $16::text[], $17::text[], $18::integer[], $19::integer[], $20::integer[], $21::integer[], $22::boolean[],
    $23::jsonb[], $24::jsonb[], $25::timestamptz[], $26::timestamptz[], $27::text[], $28::jsonb[])
  ON CONFLICT (id) DO NOTHING RETURNING id`;

const SAVE_TASKS = `UPDATE ${s}.tasks SET state = t.state, phase = t.phase, sequence = t.sequence, epoch = t.epoch,
    failure_retries = t.failure_retries, lost_deliveries = t.lost_deliveries, cancel_requested = t.cancel_requested,
    checkpoint = t.checkpoint, attempts = t.attempts, started_at = t.started_at, ended_at = t.ended_at,
    reason = t.reason, error = t.error
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::integer[],
    $8::boolean[], $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::jsonb[])
    AS t (id, ${PROGRESS_COLUMNS})
  WHERE tasks.id = t.id`;

const PENDING_COLUMNS = `id, task_type, priority, tenant_id, cost_centre, needs_gpus, needs_vram_mib, requested_at,
    failure_retries, prediction, work ->> 'model' AS model, attempts -> -1 AS last_attempt`;

/**
 * Walks from lane to lane over one index and takes the oldest of each; walks from tenant to tenant over another and takes
 * the shortest of each: what lies behind them costs nothing. A task that is both comes twice.
 */
const PENDING = `WITH RECURSIVE lanes AS (
    (SELECT task_type, priority FROM ${s}.tasks WHERE state = 'queued' ORDER BY task_type, priority LIMIT 1)
    UNION ALL
    SELECT following.task_type, following.priority FROM lanes, LATERAL (
      SELECT task_type, priority FROM ${s}.tasks
      WHERE state = 'queued' AND (task_type, priority) > (lanes.task_type, lanes.priority)
      ORDER BY task_type, priority LIMIT 1) AS following
  ), groups AS (
    (SELECT task_type, priority, tenant_id, 1 AS place FROM ${s}.tasks WHERE state = 'queued'
     ORDER BY task_type, priority, tenant_id LIMIT 1)
    UNION ALL
    SELECT following.*, groups.place + 1 FROM groups, LATERAL (
      SELECT task_type, priority, tenant_id FROM ${s}.tasks
      WHERE state = 'queued' AND (task_type, priority, tenant_id) > (groups.task_type, groups.priority, groups.tenant_id)
      ORDER BY task_type, priority, tenant_id LIMIT 1) AS following
    WHERE groups.place < $2::int
  )
  SELECT oldest.* FROM lanes, LATERAL (
    SELECT ${PENDING_COLUMNS} FROM ${s}.tasks
    WHERE state = 'queued' AND task_type = lanes.task_type AND priority = lanes.priority
    ORDER BY requested_at, id LIMIT $1::int) AS oldest
  UNION ALL
  SELECT shortest.* FROM groups, LATERAL (
    SELECT ${PENDING_COLUMNS} FROM ${s}.tasks
    WHERE state = 'queued' AND task_type = groups.task_type AND priority = groups.priority
      AND tenant_id = groups.tenant_id
    ORDER BY task_type, priority, tenant_id, predicted_gpu_ms, requested_at, id
    LIMIT (SELECT greatest(1, least($1::int, $3::int / greatest(1, count(*)))) FROM groups)) AS shortest`;

/** Walks tasks_lanes from where the last rows ended. */
const WAITING = `SELECT ${PENDING_COLUMNS} FROM ${s}.tasks
  WHERE state = 'queued' AND (task_type, priority, requested_at, id) > ($1::text, $2::smallint, $3::timestamptz, $4::uuid)
  ORDER BY task_type, priority, requested_at, id LIMIT $5`;
/** Before every lane. */
const FIRST = ['', -32_768, '-infinity', '00000000-0000-0000-0000-000000000000'] as const;

/** What waits is counted from tasks_shortest alone, in its order; what runs is no more than there are slots. */
const LANE_COUNTS = `SELECT task_type, priority, tenant_id, sum(waiting)::int AS waiting, sum(running)::int AS running,
    sum(waiting_gpu_ms)::bigint AS waiting_gpu_ms, min(oldest) AS oldest
  FROM (
    SELECT task_type, priority, tenant_id, count(*) AS waiting, 0 AS running, sum(predicted_gpu_ms) AS waiting_gpu_ms,
      min(requested_at) AS oldest
    FROM ${s}.tasks WHERE state = 'queued' GROUP BY task_type, priority, tenant_id
    UNION ALL
    SELECT task_type, priority, tenant_id, 0, count(*), 0, NULL
    FROM ${s}.tasks WHERE state = 'processing' GROUP BY task_type, priority, tenant_id) AS counted
  GROUP BY task_type, priority, tenant_id ORDER BY task_type, priority DESC, tenant_id`;

const OVERDUE = `SELECT * FROM ${s}.tasks WHERE state = 'queued' AND epoch = 0 AND requested_at < $1
  ORDER BY requested_at LIMIT $2`;

const LEAVE_TOMBSTONES = `INSERT INTO ${s}.tombstones (task_id, tenant_id)
  SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING`;

type PendingRow = Pick<
  TaskRow,
  | 'id'
  | 'task_type'
  | 'priority'
  | 'tenant_id'
  | 'cost_centre'
  | 'needs_gpus'
  | 'needs_vram_mib'
  | 'requested_at'
  | 'failure_retries'
  | 'prediction'
> & { readonly model: string; readonly last_attempt: TaskRow['attempts'][number] | null };

interface TenantRow {
  readonly task_type: string;
  readonly priority: number;
  readonly tenant_id: string;
  readonly waiting: number;
  readonly running: number;
  readonly waiting_gpu_ms: string;
  readonly oldest: Date | null;
}

function notBeforeOf({ last_attempt: last, failure_retries: failureRetries }: PendingRow): { notBefore?: Instant } {
  const notBefore = last === null ? null : retryNotBefore({ attempts: attemptsFromStored([last]), failureRetries });
  return notBefore === null ? {} : { notBefore };
}

function pendingFromRow(row: PendingRow): WaitingTask {
  return {
    id: row.id as TaskId,
    taskType: row.task_type,
    priority: row.priority,
    needs: { gpus: row.needs_gpus, vramMiB: row.needs_vram_mib },
    requestedAt: row.requested_at.getTime(),
    tenantId: row.tenant_id,
    namespace: row.cost_centre,
    model: row.model,
    predictedGpuMs: row.prediction.p50GpuMs,
    prediction: row.prediction,
    ...notBeforeOf(row),
  };
}

function laneFromRows(rows: readonly TenantRow[]): readonly LaneCount[] {
  const [first] = rows;
  if (first === undefined) return [];
  const oldest = rows.flatMap((row) => row.oldest?.getTime() ?? []);
  const tenants = rows.map((row) => ({
    tenantId: row.tenant_id as TenantId,
    waiting: row.waiting,
    running: row.running,
    waitingGpuMs: Number(row.waiting_gpu_ms),
  }));
  return [
    {
      taskType: first.task_type,
      priority: first.priority,
      waiting: tenants.reduce((sum, { waiting }) => sum + waiting, 0),
      running: tenants.reduce((sum, { running }) => sum + running, 0),
      oldestRequestedAt: oldest.length === 0 ? null : oldest.reduce((a, b) => Math.min(a, b)),
      tenants,
    },
  ];
}

/** Tasks over the transaction's connection, whose role is `_system`. */
export class PostgresTaskStore implements TaskStore {
  constructor(private readonly client: pg.ClientBase) {}

  async insert(tasks: readonly Task[]): Promise<ReadonlySet<TaskId>> {
    const values = [...requestsToColumns(tasks)];
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
    await this.client.query({ name: 'scheduling-save-tasks', text: SAVE_TASKS, values: [...progressToColumns(tasks)] });
  }

  async pending({ perTenant, groupsMax, rowsMax }: QueueReading): Promise<readonly WaitingTask[]> {
    const { rows } = await this.client.query<PendingRow>({
      name: 'scheduling-pending',
      text: PENDING,
      values: [perTenant, groupsMax, rowsMax],
    });
    return [...new Map(rows.map((row) => [row.id, row])).values()].map(pendingFromRow);
  }

  async waiting(after: WaitingTask | undefined, limit: number): Promise<readonly WaitingTask[]> {
    const last = after === undefined ? FIRST : [after.taskType, after.priority, toIso(after.requestedAt), after.id];
    const { rows } = await this.client.query<PendingRow>({
      name: 'scheduling-waiting',
      text: WAITING,
      values: [...last, limit],
    });
    return rows.map(pendingFromRow);
  }

  async laneCounts(): Promise<readonly LaneCount[]> {
    const { rows } = await this.client.query<TenantRow>({ name: 'scheduling-lane-counts', text: LANE_COUNTS });
    return [...Map.groupBy(rows, (row) => `${row.priority}/${row.task_type}`).values()].flatMap(laneFromRows);
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
      (SELECT id FROM ${s}.tasks WHERE ended_at < $1 AND state NOT IN ('queued', 'processing')
         AND NOT EXISTS (SELECT 1 FROM ${s}.leases WHERE task_id = tasks.id) LIMIT $2)`;
    return (await this.client.query(text, [toIso(before), limit])).rowCount ?? 0;
  }

  async removeTombstones(before: Instant, limit: number): Promise<number> {
    const text = `DELETE FROM ${s}.tombstones WHERE (task_id, tenant_id) IN
      (SELECT task_id, tenant_id FROM ${s}.tombstones WHERE left_at < $1 LIMIT $2)`;
    return (await this.client.query(text, [toIso(before), limit])).rowCount ?? 0;
  }
}
