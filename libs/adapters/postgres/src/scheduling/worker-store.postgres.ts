import { toIso, type Instant } from '@millrace/kernel';
import type { Worker, WorkerStore, WorkerWithLeases } from '@millrace/scheduling/ports';
import type pg from 'pg';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';
import { workerFromRow, workersToJson, workerWithLeasesFromRow, type WorkerRow } from './worker.mapping.js';

const s = SCHEDULING_SCHEMA;

const ADD = `INSERT INTO ${s}.workers SELECT * FROM jsonb_populate_recordset(NULL::${s}.workers, $1::jsonb)
  ON CONFLICT (incarnation) DO NOTHING`;

const SAVE = `UPDATE ${s}.workers SET state = t.state, heartbeat_at = t.heartbeat_at, heartbeat_ms = t.heartbeat_ms
  FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[]) AS t (incarnation, state, heartbeat_at, heartbeat_ms)
  WHERE workers.incarnation = t.incarnation`;

const SAVE_TRAITS = `UPDATE ${s}.workers SET traits = t.traits::jsonb
  FROM unnest($1::uuid[], $2::text[]) AS t (incarnation, traits) WHERE workers.incarnation = t.incarnation`;

const WITH_LEASES = `SELECT workers.*, (SELECT count(*) FROM ${s}.leases
    WHERE leases.incarnation = workers.incarnation)::int AS used_slots FROM ${s}.workers`;
const IS_CURRENT = `(state IN ('ready', 'draining'))`;

type RowWithLeases = WorkerRow & { readonly used_slots: number };

/** Worker incarnations. One partial unique index keeps each worker id to one that has not ended. */
export class PostgresWorkerStore implements WorkerStore {
  constructor(private readonly client: pg.ClientBase | pg.Pool) {}

  async add(workers: readonly Worker[]): Promise<void> {
    await this.client.query({ name: 'scheduling-add-workers', text: ADD, values: [workersToJson(workers)] });
  }

  async load(incarnations: readonly string[]): Promise<readonly Worker[]> {
    const text = `SELECT * FROM ${s}.workers WHERE incarnation = ANY($1::uuid[])`;
    const { rows } = await this.client.query<WorkerRow>({
      name: 'scheduling-load-workers',
      text,
      values: [incarnations],
    });
    return rows.map(workerFromRow);
  }

  async current(workerIds: readonly string[]): Promise<readonly Worker[]> {
    const text = `SELECT * FROM ${s}.workers WHERE worker_id = ANY($1::text[]) AND ${IS_CURRENT}`;
    const { rows } = await this.client.query<WorkerRow>({
      name: 'scheduling-current-workers',
      text,
      values: [workerIds],
    });
    return rows.map(workerFromRow);
  }

  async save(workers: readonly Worker[]): Promise<void> {
    const values = [
      workers.map((worker) => worker.incarnation),
      workers.map((worker) => worker.state),
      workers.map((worker) => toIso(worker.heartbeatAt)),
      workers.map((worker) => worker.heartbeatMs),
    ];
    await this.client.query({ name: 'scheduling-save-workers', text: SAVE, values });
  }

  async saveTraits(workers: readonly Worker[]): Promise<void> {
    const values = [workers.map(({ incarnation }) => incarnation), workers.map(({ traits }) => JSON.stringify(traits))];
    await this.client.query({ name: 'scheduling-save-traits', text: SAVE_TRAITS, values });
  }

  async alive(): Promise<readonly WorkerWithLeases[]> {
    const text = `${WITH_LEASES} WHERE ${IS_CURRENT} ORDER BY worker_id`;
    const { rows } = await this.client.query<RowWithLeases>({ name: 'scheduling-alive-workers', text });
    return rows.map(workerWithLeasesFromRow);
  }

  async recent(since: Instant, limit: number): Promise<readonly WorkerWithLeases[]> {
    const text = `${WITH_LEASES} WHERE ${IS_CURRENT} OR heartbeat_at > $1 ORDER BY registered_at DESC, incarnation LIMIT $2`;
    const values = [toIso(since), limit];
    const { rows } = await this.client.query<RowWithLeases>({ name: 'scheduling-recent-workers', text, values });
    return rows.map(workerWithLeasesFromRow);
  }

  async removeEnded(before: Instant, limit: number): Promise<number> {
    const text = `DELETE FROM ${s}.workers WHERE incarnation IN (SELECT incarnation FROM ${s}.workers
      WHERE NOT ${IS_CURRENT} AND heartbeat_at < $1
        AND NOT EXISTS (SELECT 1 FROM ${s}.leases WHERE leases.incarnation = workers.incarnation) LIMIT $2)`;
    return (await this.client.query(text, [toIso(before), limit])).rowCount ?? 0;
  }
}
