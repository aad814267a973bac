import { createPool } from '@millrace/adapter-postgres';
import { instanceBook, type Books, type CapacityChange, type Entry, type Segment } from '@millrace/billing';
import type { ChargeRow, Leftovers, TaskRow } from '../history.js';

const SERVICES = ['gateway', 'scheduler', 'billing', 'notifier'] as const;

type Row = Readonly<Record<string, string | number | boolean | null>>;
type Query = (sql: string) => Promise<readonly Row[]>;

export interface ReadTables {
  readonly schedulerTasks: readonly TaskRow[];
  readonly gatewayTasks: readonly TaskRow[];
  readonly books: Books;
  readonly storedSegmentIds: ReadonlySet<string>;
  readonly charges: readonly ChargeRow[];
  readonly leftovers: Omit<Leftovers, 'deadLetters'>;
}

/** The tables of all services. @param databaseUrl of a user past row-level security; nothing is written. */
export async function readTables(databaseUrl: string): Promise<ReadTables> {
  const pool = createPool({ url: databaseUrl, applicationName: 'checker', max: 1, statementTimeoutMs: 60_000 });
  const query: Query = async (sql) => (await pool.query<Row>(sql)).rows;
  try {
    const segments = await query(
      'SELECT s.*, t.state FROM billing.segments s LEFT JOIN billing.segment_statuses t USING (segment_id)',
    );
    return {
      schedulerTasks: (await query('SELECT id, tenant_id, state, sequence FROM scheduler.tasks')).map(taskRow),
      gatewayTasks: (await query('SELECT id, tenant_id, state, sequence FROM gateway.tasks')).map(taskRow),
      books: await readBooks(query, segments),
      storedSegmentIds: new Set(segments.map(({ segment_id }) => String(segment_id))),
      charges: (await query('SELECT task_id, tenant_id, cost FROM billing.charges')).map((row) => ({
        taskId: String(row.task_id),
        tenantId: String(row.tenant_id),
        cost: BigInt(String(row.cost)),
      })),
      leftovers: await readLeftovers(query),
    };
  } finally {
    await pool.end();
  }
}

function taskRow({ id, tenant_id: tenantId, state, sequence }: Row): TaskRow {
  return { taskId: String(id), tenantId: String(tenantId), state: String(state), sequence: Number(sequence) };
}

async function readLeftovers(query: Query): Promise<Omit<Leftovers, 'deadLetters'>> {
  const leases = await query('SELECT task_id FROM scheduler.leases');
  const outbox: Record<string, number> = {};
  let parked = 0;
  for (const service of SERVICES) {
    const [counts] = await query(
      `SELECT (SELECT count(*) FROM ${service}.outbox) AS rows, (SELECT count(*) FROM ${service}.parked_events) AS parked`,
    );
    outbox[service] = Number(counts?.rows);
    parked += Number(counts?.parked);
  }
  return { leases: leases.map(({ task_id }) => String(task_id)), outbox, parked };
}

async function readBooks(query: Query, segments: readonly Row[]): Promise<Books> {
  const closures = (await query('SELECT * FROM billing.closures')).map(toClosure);
  const changes = (await query('SELECT * FROM billing.capacity_changes')).map(toChange);
  const postings = await query('SELECT * FROM billing.postings ORDER BY entry_id, line');
  return {
    closures,
    segments: segments.filter(({ state }) => state !== 'quarantined').map(toSegment),
    entries: [...Map.groupBy(postings, ({ entry_id }) => String(entry_id)).values()].map(toEntry),
    instances: [...Map.groupBy(changes, ({ instanceId }) => instanceId)].flatMap(([id, own]) => {
      const ends = closures.filter(({ instanceId }) => instanceId === id).map(({ closedAtMs }) => closedAtMs);
      return instanceBook(own, Math.max(0, ...ends)) ?? [];
    }),
  };
}

function toClosure(row: Row): Books['closures'][number] {
  return {
    taskId: String(row.task_id),
    tenantId: String(row.tenant_id),
    costCentre: String(row.cost_centre),
    attempt: Number(row.attempt),
    epoch: Number(row.epoch),
    instanceId: String(row.instance_id),
    outcome: row.outcome as Books['closures'][number]['outcome'],
    fault: row.fault as Books['closures'][number]['fault'],
    closedAtMs: Number(row.closed_at_ms),
    segmentCount: row.segment_count === null ? undefined : Number(row.segment_count),
    final: row.final === true,
    sequence: Number(row.sequence),
  };
}

function toChange(row: Row): CapacityChange {
  return {
    instanceId: String(row.instance_id),
    pool: String(row.pool),
    change: row.change as CapacityChange['change'],
    gpus: Number(row.gpus),
    capacity: row.capacity as CapacityChange['capacity'],
    pricePerGpuHour: BigInt(String(row.price_per_gpu_hour)),
    atMs: Number(row.at_ms),
  };
}

function toSegment(row: Row): Segment {
  const work =
    row.task_id === null
      ? undefined
      : {
          tenantId: String(row.tenant_id),
          taskId: String(row.task_id),
          costCentre: String(row.cost_centre),
          attempt: Number(row.attempt),
          epoch: Number(row.epoch),
        };
  return {
    segmentId: String(row.segment_id),
    instanceId: String(row.instance_id),
    gpu: Number(row.gpu),
    kind: row.kind as Segment['kind'],
    work,
    seq: Number(row.seq),
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    gpuMs: Number(row.gpu_ms),
    sharePpm: Number(row.share_ppm),
  };
}

function toEntry(lines: readonly Row[]): Entry {
  const first = lines[0];
  return {
    entryId: String(first?.entry_id),
    kind: first?.kind as Entry['kind'],
    subject: String(first?.subject),
    revision: Number(first?.revision),
    ruleVersion: Number(first?.rule_version),
    reverses: first?.reverses === null ? undefined : String(first?.reverses),
    lines: lines.map((line) => ({
      account: String(line.account),
      amount: BigInt(String(line.amount)),
      gpuMs: Number(line.gpu_ms),
    })),
  };
}
