import type pg from 'pg';
import type { TopicSettings } from '@millrace/messaging/ports';
import { mappingFaults } from '../pool/map-fault.js';
import type { PartitionFacts } from './assign-ranges.js';

/** Records on their way into the log, encoded. */
export interface EncodedRecord {
  readonly partitionId: number;
  readonly key: Buffer;
  readonly headers: Buffer;
  readonly value: Uint8Array;
}

/** From where to read one partition. */
export interface ReadPosition {
  readonly partitionId: number;
  readonly position: bigint;
}

/** A record as it comes out. `want` counts the positions asked for, from 1. */
export interface RecordRow {
  readonly want: string;
  readonly offset: string;
  readonly key: Buffer;
  readonly headers: Buffer;
  readonly value: Buffer;
  readonly appended_ms: number;
}

/** The SQL of topics and records. All methods reject with `unavailable` when the database is away. */
export class EventLog {
  constructor(private readonly pool: pg.Pool) {}

  /** Makes topics and partitions that are missing, takes over retentions. Partition counts stay. */
  async ensureTopics(topics: readonly TopicSettings[]): Promise<void> {
    const columns = [topics.map((t) => t.topic), topics.map((t) => t.partitions), topics.map((t) => t.retentionMs)];
    await this.query(
      `INSERT INTO bus.topics SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) AS t(name, partitions, retention)
        ORDER BY name
        ON CONFLICT (name) DO UPDATE SET retention_ms = excluded.retention_ms
        WHERE topics.retention_ms <> excluded.retention_ms`,
      columns,
    );
    await this.query(
      `INSERT INTO bus.partitions (topic, number)
        SELECT t.name, number FROM bus.topics t, generate_series(0, t.partitions - 1) AS number
        WHERE NOT EXISTS (SELECT FROM bus.partitions p WHERE p.topic = t.name AND p.number = number.number)
        ORDER BY 1, 2 ON CONFLICT DO NOTHING`,
      [],
    );
  }

  async partitions(): Promise<readonly PartitionFacts[]> {
    return this.query<PartitionFacts>('SELECT id, topic, number FROM bus.partitions ORDER BY topic, number', []);
  }

  /** Durable when it resolves. One statement, one commit. */
  async append(records: readonly EncodedRecord[]): Promise<void> {
    const values = [
      records.map(({ partitionId }) => partitionId),
      records.map(({ key }) => key.byteLength),
      records.map(({ headers }) => headers.byteLength),
      records.map(({ value }) => value.byteLength),
      Buffer.concat(records.flatMap(({ key, headers, value }) => [key, headers, value])),
    ];
    const text = 'SELECT bus.append($1, $2, $3, $4, $5)';
    await mappingFaults(() => this.pool.query({ name: 'bus-append', text, values }));
  }

  /**
   * Records from each position on, at most `perPartition` each and `total` in all. Each partition's come in offset
   * order and without a gap: the inner query is ordered and limited, so it can only run as the inside of a loop.
   */
  async fetch(
    positions: readonly ReadPosition[],
    limits: { readonly perPartition: number; readonly total: number },
  ): Promise<readonly RecordRow[]> {
    const text = `SELECT w.n AS want, r."offset", r.key, r.headers, r.value,
        extract(epoch FROM r.appended_at)::float8 * 1000 AS appended_ms
      FROM unnest($1::int[], $2::bigint[]) WITH ORDINALITY AS w(id, position, n)
      JOIN bus.partitions p ON p.id = w.id AND p.head > w.position
      CROSS JOIN LATERAL (SELECT * FROM bus.records r WHERE r.partition_id = w.id AND r."offset" >= w.position
        ORDER BY r."offset" LIMIT $3) r
      LIMIT $4`;
    const ids = positions.map(({ partitionId }) => partitionId);
    const offsets = positions.map(({ position }) => position);
    const values = [ids, offsets, limits.perPartition, limits.total];
    const { rows } = await mappingFaults(() => this.pool.query<RecordRow>({ name: 'bus-fetch', text, values }));
    return rows;
  }

  /** The next offset of each partition. */
  async heads(partitionIds: readonly number[]): Promise<ReadonlyMap<number, bigint>> {
    const text = 'SELECT id, head FROM bus.partitions WHERE id = ANY($1::int[])';
    const rows = await this.query<{ id: number; head: string }>(text, [partitionIds]);
    return new Map(rows.map(({ id, head }) => [id, BigInt(head)]));
  }

  /** Removes records older than their topic's retention, at most `perPartition` of each. Returns how many went. */
  async sweep(perPartition: number): Promise<number> {
    // The oldest record of each partition is looked at first, so that a sweep with nothing to do reads little.
    const text = `WITH old AS (
        SELECT r.partition_id, r."offset" FROM bus.topics t JOIN bus.partitions p ON p.topic = t.name
        CROSS JOIN LATERAL (SELECT clock_timestamp() - t.retention_ms * interval '1 ms' AS until) limits
        CROSS JOIN LATERAL (SELECT appended_at FROM bus.records WHERE partition_id = p.id
          ORDER BY "offset" LIMIT 1) oldest
        CROSS JOIN LATERAL (SELECT * FROM bus.records WHERE partition_id = p.id ORDER BY "offset" LIMIT $1) r
        WHERE oldest.appended_at < limits.until AND r.appended_at < limits.until
      ) DELETE FROM bus.records r USING old WHERE r.partition_id = old.partition_id AND r."offset" = old."offset"`;
    return (await mappingFaults(() => this.pool.query(text, [perPartition]))).rowCount ?? 0;
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1', []);
  }

  private async query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    return (await mappingFaults(() => this.pool.query<Row>(text, values))).rows;
  }
}
