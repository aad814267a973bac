import type pg from 'pg';
import type {
  ParkedEvent,
  ParkedEventStore,
  ParkedKey,
  RecordPosition,
  Resolution,
  TopicPartition,
} from '@millrace/messaging/ports';
import { mappingFaults } from '../pool/map-fault.js';
import { keyFromRow, parkedFromRow, type ParkedKeyRow, type ParkedRow } from './parked-event.mapping.js';

/** Parked events in the table `parked_events` of a schema. The pool's role is the service's `_system` role. */
export class PostgresParkedEventStore implements ParkedEventStore {
  constructor(private readonly options: { readonly pool: pg.Pool; readonly schema: string }) {}

  async put(group: string, events: readonly ParkedEvent[]): Promise<void> {
    if (events.length === 0) return;
    // One statement takes each position once; of two entries for one, the last counts.
    const last = new Map(events.map((event) => [positionKey(event.record), event]));
    const entries = [...last.values()];
    const text = `INSERT INTO ${this.options.schema}.parked_events
        (consumer, kind, reason, parked_at, topic, partition, "offset", key, headers, value, appended_at,
        due_at, failed_tries, redrives)
      SELECT $1, kind, reason, to_timestamp(parked_ms / 1000), topic, partition, "offset", key, headers, value,
        to_timestamp(appended_ms / 1000), to_timestamp(due_ms / 1000), failed_tries, redrives
      FROM unnest($2::text[], $3::text[], $4::float8[], $5::text[], $6::int[], $7::bigint[], $8::text[], $9::text[],
        $10::bytea[], $11::float8[], $12::float8[], $13::int[], $14::int[])
        AS t(kind, reason, parked_ms, topic, partition, "offset", key, headers, value, appended_ms, due_ms,
          failed_tries, redrives)
      ON CONFLICT (consumer, topic, partition, "offset") DO UPDATE SET kind = excluded.kind, reason = excluded.reason,
        due_at = excluded.due_at, failed_tries = excluded.failed_tries, redrives = excluded.redrives`;
    await this.query(text, [
      group,
      entries.map(({ kind }) => kind),
      entries.map(({ reason }) => reason.replaceAll('\0', '')),
      entries.map(({ parkedAt }) => parkedAt),
      ...recordColumns(entries),
      entries.map(({ dueAt }) => dueAt ?? null),
      entries.map(({ failedTries }) => failedTries ?? 0),
      entries.map(({ redrives }) => redrives ?? 0),
    ]);
  }

  async keys(group: string, partitions: readonly TopicPartition[]): Promise<readonly ParkedKey[]> {
    const text = `SELECT topic, partition, key,
        count(*) FILTER (WHERE kind = 'held')::int AS held,
        count(*) FILTER (WHERE kind = 'parked')::int AS parked,
        count(*) FILTER (WHERE kind = 'delayed')::int AS delayed,
        count(*) FILTER (WHERE kind = 'dead')::int AS dead
      FROM ${this.options.schema}.parked_events
      WHERE consumer = $1 AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::int[]))
      GROUP BY topic, partition, key ORDER BY topic, partition, key`;
    const topics = partitions.map(({ topic }) => topic);
    const numbers = partitions.map(({ partition }) => partition);
    return (await this.query<ParkedKeyRow>(text, [group, topics, numbers])).map(keyFromRow);
  }

  async load(group: string, topic: string, key: string, limit: number): Promise<readonly ParkedEvent[]> {
    const text = `SELECT kind, reason, extract(epoch FROM parked_at)::float8 * 1000 AS parked_ms, topic, partition,
        "offset", key, headers, value, extract(epoch FROM appended_at)::float8 * 1000 AS appended_ms,
        extract(epoch FROM due_at)::float8 * 1000 AS due_ms, failed_tries, redrives
      FROM ${this.options.schema}.parked_events
      WHERE consumer = $1 AND topic = $2 AND key = $3 ORDER BY "offset" LIMIT $4`;
    return (await this.query<ParkedRow>(text, [group, topic, key, limit])).map(parkedFromRow);
  }

  async remove(group: string, positions: readonly RecordPosition[]): Promise<void> {
    const text = `DELETE FROM ${this.options.schema}.parked_events
      WHERE consumer = $1
        AND (topic, partition, "offset") IN (SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[]))`;
    await this.query(text, [group, ...positionColumns(positions)]);
  }

  async resolve(
    group: string,
    positions: readonly RecordPosition[],
    resolution: Resolution,
  ): Promise<readonly RecordPosition[]> {
    const table = `${this.options.schema}.parked_events`;
    const change =
      resolution === 'skip'
        ? `DELETE FROM ${table}`
        : `UPDATE ${table} SET kind = 'parked', due_at = NULL, failed_tries = 0, redrives = redrives + 1`;
    const text = `${change}
      WHERE consumer = $1 AND kind = 'dead'
        AND (topic, partition, "offset") IN (SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[]))
      RETURNING topic, partition, "offset"`;
    const rows = await this.query<{ topic: string; partition: number; offset: string }>(text, [
      group,
      ...positionColumns(positions),
    ]);
    return rows.map(({ topic, partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
  }

  private async query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    return (await mappingFaults(() => this.options.pool.query<Row>(text, values))).rows;
  }
}

function positionKey({ topic, partition, offset }: RecordPosition): string {
  return `${topic}/${partition}/${offset}`;
}

function positionColumns(positions: readonly RecordPosition[]): unknown[] {
  return [
    positions.map(({ topic }) => topic),
    positions.map(({ partition }) => partition),
    positions.map(({ offset }) => offset),
  ];
}

function recordColumns(entries: readonly ParkedEvent[]): unknown[] {
  const records = entries.map(({ record }) => record);
  return [
    records.map(({ topic }) => topic),
    records.map(({ partition }) => partition),
    records.map(({ offset }) => offset),
    records.map(({ key }) => key),
    records.map(({ headers }) => JSON.stringify(headers)),
    records.map(({ value }) => Buffer.from(value.buffer, value.byteOffset, value.byteLength)),
    records.map(({ appendedAt }) => appendedAt),
  ];
}
