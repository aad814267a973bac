import { toIso, type TaskId, type TenantId } from '@millrace/kernel';
import type { PagePosition, TaskEvent, TaskFilter, TaskReader, TaskView } from '@millrace/intake/ports';
import type pg from 'pg';
import { asTenant } from '../pool/as-tenant.js';
import { INTAKE_SCHEMA } from './intake-schema.js';
import { eventFromRow, taskFromRow, type TaskEventRow, type TaskRow } from './task.mapping.js';

const s = INTAKE_SCHEMA;
const EVENTS_MAX = 1000;

const FIND = `SELECT * FROM ${s}.tasks WHERE tenant_id = $1 AND id = $2`;
const LIST = `SELECT * FROM ${s}.tasks WHERE tenant_id = $1
    AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR task_type = $3)
    AND ($7::text IS NULL OR reason = $7)
    AND ($4::timestamptz IS NULL OR (created_at, id) < ($4::timestamptz, $5::uuid))
  ORDER BY created_at DESC, id DESC LIMIT $6`;
const EVENTS = `SELECT * FROM ${s}.task_events WHERE tenant_id = $1 AND task_id = $2 AND sequence > $3
  ORDER BY sequence LIMIT ${EVENTS_MAX}`;

/** Reads under row-level security; the pool's role is `_request`. */
export class PostgresTaskReader implements TaskReader {
  constructor(private readonly pool: pg.Pool) {}

  async find(tenantId: TenantId, id: TaskId): Promise<TaskView | undefined> {
    const rows = await this.read<TaskRow>(tenantId, { name: 'intake-find', text: FIND, values: [tenantId, id] });
    return rows[0] === undefined ? undefined : taskFromRow(rows[0]);
  }

  async list(
    tenantId: TenantId,
    filter: TaskFilter,
    page: { readonly limit: number; readonly after?: PagePosition },
  ): Promise<readonly TaskView[]> {
    const { limit, after } = page;
    const position = after === undefined ? [null, null] : [toIso(after.createdAt), after.id];
    const values = [tenantId, filter.state ?? null, filter.taskType ?? null, ...position, limit, filter.reason ?? null];
    // Unnamed: a generic plan could not use the index on state.
    return (await this.read<TaskRow>(tenantId, { text: LIST, values })).map(taskFromRow);
  }

  async events(tenantId: TenantId, id: TaskId, afterSequence: number): Promise<readonly TaskEvent[]> {
    const values = [tenantId, id, afterSequence];
    return (await this.read<TaskEventRow>(tenantId, { name: 'intake-events', text: EVENTS, values })).map(eventFromRow);
  }

  private read<Row extends pg.QueryResultRow>(tenantId: TenantId, query: pg.QueryConfig): Promise<readonly Row[]> {
    return asTenant(this.pool, tenantId, async (client) => (await client.query<Row>(query)).rows);
  }
}
