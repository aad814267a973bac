import { toIso, type Instant, type TaskId, type TenantId } from '@millrace/kernel';
import type { IdempotencyRecord, IdempotencyStore, IntakeStores, TaskWrites } from '@millrace/intake/ports';
import type pg from 'pg';
import { INTAKE_SCHEMA } from './intake-schema.js';
import { eventsToColumns, progressToColumns, requestsToColumns, taskFromRow, type TaskRow } from './task.mapping.js';

const s = INTAKE_SCHEMA;

/** Stores of the gateway's batch writers and consumers; the connection's role is `_system`. */
export function createIntakeStores(client: pg.ClientBase): IntakeStores {
  return { tasks: createTaskWrites(client), idempotency: createIdempotencyStore(client) };
}

const INSERT_TASKS = `INSERT INTO ${s}.tasks
    (id, tenant_id, task_type, created_at, request, state, sequence, updated_at, attempts)
  SELECT id, tenant_id, task_type, created_at, request, 'queued', 0, created_at, '[]'::jsonb
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[])
    AS t (id, tenant_id, task_type, created_at, request)`;

const SAVE_PROGRESS = `UPDATE ${s}.tasks SET state = t.state, phase = t.phase, reason = t.reason,
    sequence = t.sequence, updated_at = t.updated_at, attempts = t.attempts, ending = t.ending, charge = t.charge
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::timestamptz[], $7::jsonb[],
    $8::jsonb[], $9::jsonb[]) AS t (id, state, phase, reason, sequence, updated_at, attempts, ending, charge)
  WHERE tasks.id = t.id`;

const ADD_EVENTS = `INSERT INTO ${s}.task_events (task_id, sequence, tenant_id, name, at, data)
  SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[])
  ON CONFLICT (task_id, sequence) DO NOTHING`;

function createTaskWrites(client: pg.ClientBase): TaskWrites {
  return {
    insert: async (tasks) => {
      await client.query({ name: 'intake-insert-tasks', text: INSERT_TASKS, values: [...requestsToColumns(tasks)] });
    },
    lock: async (ids: readonly TaskId[]) => {
      const text = `SELECT * FROM ${s}.tasks WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`;
      const { rows } = await client.query<TaskRow>({ name: 'intake-lock-tasks', text, values: [ids] });
      return rows.map(taskFromRow);
    },
    saveProgress: async (views) => {
      await client.query({ name: 'intake-save-progress', text: SAVE_PROGRESS, values: [...progressToColumns(views)] });
    },
    addEvents: async (events) => {
      await client.query({ name: 'intake-add-events', text: ADD_EVENTS, values: [...eventsToColumns(events)] });
    },
  };
}

interface IdempotencyRow {
  readonly tenant_id: string;
  readonly key: string;
  readonly route: string;
  readonly body_hash: string;
  readonly task_id: string;
  readonly estimated_s: number;
  readonly traceparent: string | null;
  readonly created_at: Date;
}

/** The insert waits for another transaction's claim of the same key: whoever commits first has it. */
const CLAIM = `INSERT INTO ${s}.idempotency
    (tenant_id, key, route, body_hash, task_id, estimated_s, traceparent, created_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::integer[], $7::text[],
    $8::timestamptz[])
  ON CONFLICT (tenant_id, key, route) DO NOTHING RETURNING task_id`;

const HOLDERS = `SELECT i.* FROM ${s}.idempotency i
  JOIN unnest($1::text[], $2::text[], $3::text[]) AS t (tenant_id, key, route) USING (tenant_id, key, route)`;

const DELETE_BEFORE = `DELETE FROM ${s}.idempotency WHERE (tenant_id, key, route) IN
  (SELECT tenant_id, key, route FROM ${s}.idempotency WHERE created_at < $1 LIMIT $2)`;

function createIdempotencyStore(client: pg.ClientBase): IdempotencyStore {
  return {
    claim: async (records) => {
      const columns = recordsToColumns(records);
      const claimed = await client.query<{ task_id: string }>({ name: 'intake-claim', text: CLAIM, values: columns });
      const won = new Set(claimed.rows.map((row) => row.task_id));
      const lost = records.filter((record) => !won.has(record.taskId));
      if (lost.length === 0) return [];
      // A statement of its own: it sees what the claim waited for.
      const values = recordsToColumns(lost).slice(0, 3);
      const { rows } = await client.query<IdempotencyRow>({ name: 'intake-holders', text: HOLDERS, values });
      return rows.map(recordFromRow);
    },
    deleteBefore: async (before: Instant, limit: number) => {
      const { rowCount } = await client.query(DELETE_BEFORE, [toIso(before), limit]);
      return rowCount ?? 0;
    },
  };
}

function recordsToColumns(records: readonly IdempotencyRecord[]): unknown[] {
  return [
    records.map((record) => record.tenantId),
    records.map((record) => record.key),
    records.map((record) => record.route),
    records.map((record) => record.bodyHash),
    records.map((record) => record.taskId),
    records.map((record) => record.estimatedS),
    records.map((record) => record.traceparent),
    records.map((record) => toIso(record.createdAt)),
  ];
}

function recordFromRow(row: IdempotencyRow): IdempotencyRecord {
  return {
    tenantId: row.tenant_id as TenantId,
    key: row.key,
    route: row.route,
    bodyHash: row.body_hash,
    taskId: row.task_id as TaskId,
    estimatedS: row.estimated_s,
    traceparent: row.traceparent,
    createdAt: row.created_at.getTime(),
  };
}
