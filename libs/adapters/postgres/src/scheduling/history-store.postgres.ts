import { toIso, type Instant } from '@millrace/kernel';
import {
  SERVED_BUCKET_MS,
  type EndedRun,
  type HistoryStore,
  type RunLengths,
  type ServedTime,
} from '@millrace/scheduling/ports';
import type pg from 'pg';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';

const s = SCHEDULING_SCHEMA;
/** Runs of a key that stay (scheduling.md section 1). */
const RUNS_KEPT = 200;
const KEY = 'task_type, model, resolution, frames, steps, pool';

/** A batch may hold several runs of a key: they become one row, in the order given. */
const ADD_RUNS = `INSERT INTO ${s}.run_lengths AS known (${KEY}, gpu_ms, last_run_at)
  SELECT ${KEY}, (array_agg(gpu_ms ORDER BY place))[greatest(1, count(*) - ${RUNS_KEPT - 1}):], $8::timestamptz
  FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::bigint[])
    WITH ORDINALITY AS run (${KEY}, gpu_ms, place)
  GROUP BY ${KEY} ORDER BY ${KEY}
  ON CONFLICT (${KEY}) DO UPDATE SET last_run_at = excluded.last_run_at, gpu_ms =
    (known.gpu_ms || excluded.gpu_ms)[greatest(1, cardinality(known.gpu_ms || excluded.gpu_ms) - ${RUNS_KEPT - 1}):]`;

const ADD_SERVED = `INSERT INTO ${s}.served AS known (bucket, priority, tenant_id, gpu_ms)
  SELECT $4::timestamptz, priority, tenant_id, sum(gpu_ms)
  FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS time (priority, tenant_id, gpu_ms)
  GROUP BY priority, tenant_id ORDER BY priority, tenant_id
  ON CONFLICT (bucket, priority, tenant_id) DO UPDATE SET gpu_ms = known.gpu_ms + excluded.gpu_ms`;

interface RunRow {
  readonly task_type: string;
  readonly model: string;
  readonly resolution: string | null;
  readonly frames: number | null;
  readonly steps: number | null;
  readonly pool: string;
  readonly gpu_ms: readonly string[];
}

/** How long runs took and who was served, over the transaction's connection. */
export class PostgresHistoryStore implements HistoryStore {
  constructor(private readonly client: pg.ClientBase) {}

  async addRuns(runs: readonly EndedRun[], at: Instant): Promise<void> {
    const values = [
      runs.map(({ key }) => key.taskType),
      runs.map(({ key }) => key.model),
      runs.map(({ key }) => key.resolution),
      runs.map(({ key }) => key.frames),
      runs.map(({ key }) => key.steps),
      runs.map(({ key }) => key.pool),
      runs.map(({ gpuMs }) => gpuMs),
      toIso(at),
    ];
    await this.client.query({ name: 'scheduling-add-runs', text: ADD_RUNS, values });
  }

  async runLengths(keysMax: number): Promise<readonly RunLengths[]> {
    const text = `SELECT ${KEY}, gpu_ms FROM (SELECT * FROM ${s}.run_lengths ORDER BY last_run_at DESC LIMIT $1) AS newest
      ORDER BY last_run_at`;
    const { rows } = await this.client.query<RunRow>({ name: 'scheduling-run-lengths', text, values: [keysMax] });
    return rows.map(({ task_type: taskType, gpu_ms: gpuMs, ...key }) => ({
      key: { taskType, ...key },
      gpuMs: gpuMs.map(Number),
    }));
  }

  async addServed(served: readonly ServedTime[], at: Instant): Promise<void> {
    const values = [
      served.map(({ priority }) => priority),
      served.map(({ tenantId }) => tenantId),
      served.map(({ gpuMs }) => gpuMs),
      toIso(bucketOf(at)),
    ];
    await this.client.query({ name: 'scheduling-add-served', text: ADD_SERVED, values });
  }

  async servedSince(since: Instant): Promise<readonly ServedTime[]> {
    const text = `SELECT priority, tenant_id, sum(gpu_ms)::bigint AS gpu_ms FROM ${s}.served WHERE bucket >= $1
      GROUP BY priority, tenant_id ORDER BY priority, tenant_id`;
    const { rows } = await this.client.query<{ priority: number; tenant_id: string; gpu_ms: string }>({
      name: 'scheduling-served-since',
      text,
      values: [toIso(bucketOf(since))],
    });
    return rows.map((row) => ({ priority: row.priority, tenantId: row.tenant_id, gpuMs: Number(row.gpu_ms) }));
  }

  async removeOld(runsBefore: Instant, servedBefore: Instant, limit: number): Promise<number> {
    const runs = `DELETE FROM ${s}.run_lengths WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM ${s}.run_lengths WHERE last_run_at < $1 LIMIT $2))`;
    const served = `DELETE FROM ${s}.served WHERE (bucket, priority, tenant_id) IN
      (SELECT bucket, priority, tenant_id FROM ${s}.served WHERE bucket < $1 LIMIT $2)`;
    const removed = [
      await this.client.query(runs, [toIso(runsBefore), limit]),
      await this.client.query(served, [toIso(servedBefore), limit]),
    ];
    return removed.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  }
}

function bucketOf(at: Instant): Instant {
  return Math.floor(at / SERVED_BUCKET_MS) * SERVED_BUCKET_MS;
}
