import { toIso, type Instant } from '@millrace/kernel';
import type { DeadLetter, DeadLetterFilter, DeadLetterPosition, DeadLetterStore } from '@millrace/intake/ports';
import type pg from 'pg';
import { mappingFaults } from '../pool/map-fault.js';
import { deadLetterFromRow, deadLettersToColumns, type DeadLetterRow } from './dead-letter.mapping.js';
import { INTAKE_SCHEMA } from './intake-schema.js';

const table = `${INTAKE_SCHEMA}.dead_letters`;

const RECORD = `INSERT INTO ${table} AS letter (id, consumer, topic, partition, "offset", key, headers, payload,
    payload_bytes, event_id, event_type, tenant_id, task_id, attempts, redrives, error_class, reason, blocks_key,
    failed_at, created_at, state)
  SELECT *, 'open' FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[],
    $8::bytea[], $9::int[], $10::text[], $11::text[], $12::text[], $13::text[], $14::int[], $15::int[], $16::text[],
    $17::text[], $18::boolean[], $19::timestamptz[], $20::timestamptz[])
  ON CONFLICT (id) DO UPDATE SET state = 'open', attempts = excluded.attempts, redrives = excluded.redrives,
    error_class = excluded.error_class, reason = excluded.reason, failed_at = excluded.failed_at,
    resolved_at = NULL, resolved_by = NULL
  WHERE letter.redrives < excluded.redrives`;

const CHOSEN = `($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR topic = $2)
  AND ($3::text IS NULL OR consumer = $3) AND ($4::text IS NULL OR error_class = $4)
  AND ($5::text IS NULL OR event_type = $5) AND ($6::text IS NULL OR task_id = $6)
  AND ($7::timestamptz IS NULL OR created_at >= $7) AND ($8::timestamptz IS NULL OR created_at < $8)`;

const LIST_NEWEST = `SELECT * FROM ${table} WHERE ${CHOSEN}
    AND ($9::timestamptz IS NULL OR (created_at, id) < ($9::timestamptz, $10::uuid))
  ORDER BY created_at DESC, id DESC LIMIT $11`;
const LIST_OLDEST = `SELECT * FROM ${table} WHERE ${CHOSEN}
    AND ($9::timestamptz IS NULL OR (created_at, id) > ($9::timestamptz, $10::uuid))
  ORDER BY created_at, id LIMIT $11`;

const MARK = `UPDATE ${table} SET state = $2, resolved_by = $3, resolved_at = $4
  WHERE id = ANY($1::uuid[]) AND state = 'open'`;
const DELETE_BEFORE = `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE created_at < $1 LIMIT $2)`;

/** Dead letters over the `_system` role. */
export class PostgresDeadLetterStore implements DeadLetterStore {
  constructor(private readonly pool: pg.Pool) {}

  async record(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    // One statement takes each row once; of several deaths of one record the last counts.
    const last = new Map(letters.toSorted((a, b) => a.redrives - b.redrives).map((letter) => [letter.id, letter]));
    await this.query(RECORD, deadLettersToColumns([...last.values()]));
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    const { rows } = await this.query<DeadLetterRow>(`SELECT * FROM ${table} WHERE id = $1`, [id]);
    return rows[0] === undefined ? undefined : deadLetterFromRow(rows[0]);
  }

  async list(
    filter: DeadLetterFilter,
    {
      order,
      limit,
      after,
    }: { readonly order: 'newest' | 'oldest'; readonly limit: number; readonly after?: DeadLetterPosition },
  ): Promise<readonly DeadLetter[]> {
    const position = after === undefined ? [null, null] : [toIso(after.createdAt), after.id];
    const values = [...filterColumns(filter), ...position, limit];
    const { rows } = await this.query<DeadLetterRow>(order === 'newest' ? LIST_NEWEST : LIST_OLDEST, values);
    return rows.map(deadLetterFromRow);
  }

  async count(filter: DeadLetterFilter): Promise<number> {
    const text = `SELECT count(*)::int AS count FROM ${table} WHERE ${CHOSEN}`;
    return (await this.query<{ count: number }>(text, filterColumns(filter))).rows[0]?.count ?? 0;
  }

  async markResolved(
    ids: readonly string[],
    { state, by, at }: Parameters<DeadLetterStore['markResolved']>[1],
  ): Promise<void> {
    await this.query(MARK, [ids, state, by, toIso(at)]);
  }

  async deleteBefore(before: Instant, limit: number): Promise<number> {
    return (await this.query(DELETE_BEFORE, [toIso(before), limit])).rowCount ?? 0;
  }

  private query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<pg.QueryResult<Row>> {
    return mappingFaults(() => this.pool.query<Row>(text, values));
  }
}

function filterColumns(filter: DeadLetterFilter): unknown[] {
  const { state, topic, group, errorClass, eventType, taskId, createdAfter, createdBefore } = filter;
  const names = [state, topic, group, errorClass, eventType, taskId].map((name) => name ?? null);
  return [...names, ...[createdAfter, createdBefore].map((at) => (at === undefined ? null : toIso(at)))];
}
