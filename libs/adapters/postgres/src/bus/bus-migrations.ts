import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from '../migrate/migration-class.js';

/**
 * The event log. `partitions.head` is the next offset; an append locks it until its commit, so that offset order is
 * commit order and a reader below the head misses nothing. `group_partitions` holds a group's committed offset of a
 * partition, the member that owns it (only the owner commits) and the member that shall own it.
 */
const TABLES: readonly string[] = [
  `CREATE TABLE bus.topics (
     name text COLLATE "C" PRIMARY KEY,
     partitions integer NOT NULL CHECK (partitions > 0),
     retention_ms bigint NOT NULL CHECK (retention_ms > 0)
   )`,
  // Heads change all the time and are few: room on each page keeps the new versions beside the old.
  `CREATE TABLE bus.partitions (
     id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     topic text COLLATE "C" NOT NULL REFERENCES bus.topics,
     number integer NOT NULL,
     head bigint NOT NULL DEFAULT 0,
     UNIQUE (topic, number)
   ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)`,
  `CREATE TABLE bus.records (
     partition_id integer NOT NULL,
     "offset" bigint NOT NULL,
     appended_at timestamptz NOT NULL,
     key bytea NOT NULL,
     headers bytea NOT NULL,
     value bytea NOT NULL,
     PRIMARY KEY (partition_id, "offset")
   ) WITH (toast_tuple_target = 8160)`,
  `ALTER TABLE bus.records ALTER COLUMN value SET STORAGE EXTERNAL, ALTER COLUMN headers SET STORAGE EXTERNAL`,
  `CREATE TABLE bus.groups (name text COLLATE "C" PRIMARY KEY, generation bigint NOT NULL DEFAULT 0)`,
  `CREATE TABLE bus.members (
     id uuid PRIMARY KEY,
     group_name text COLLATE "C" NOT NULL REFERENCES bus.groups,
     topics text[] NOT NULL,
     joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     expires_at timestamptz NOT NULL,
     session_pid integer
   ) WITH (fillfactor = 30)`,
  `CREATE TABLE bus.group_partitions (
     group_name text COLLATE "C" NOT NULL REFERENCES bus.groups,
     partition_id integer NOT NULL REFERENCES bus.partitions,
     next_offset bigint,
     owner uuid,
     target uuid,
     PRIMARY KEY (group_name, partition_id)
   ) WITH (fillfactor = 30)`,
];

/**
 * Appends a batch in one round trip. Record i belongs to partition `ids[i]`; its key, headers and value lie one after
 * the other in `payload`, with the lengths given. Partitions are locked in order of id: two appends can't deadlock.
 */
const APPEND = `
CREATE FUNCTION bus.append(ids int[], key_bytes int[], header_bytes int[], value_bytes int[], payload bytea)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM bus.partitions p WHERE p.id = ANY(ids) ORDER BY p.id FOR NO KEY UPDATE;
  WITH input AS (
    SELECT t.id, t.kb, t.hb, t.vb,
      (sum(t.kb + t.hb + t.vb) OVER (ORDER BY t.n) - (t.kb + t.hb + t.vb))::int + 1 AS at,
      row_number() OVER (PARTITION BY t.id ORDER BY t.n) - 1 AS rank
    FROM unnest(ids, key_bytes, header_bytes, value_bytes) WITH ORDINALITY AS t(id, kb, hb, vb, n)
  ), moved AS (
    UPDATE bus.partitions p SET head = p.head + c.records
    FROM (SELECT input.id, count(*) AS records FROM input GROUP BY input.id) c
    WHERE p.id = c.id RETURNING p.id, p.head - c.records AS first
  )
  INSERT INTO bus.records (partition_id, "offset", appended_at, key, headers, value)
  SELECT i.id, m.first + i.rank, clock_timestamp(), substring(payload FROM i.at FOR i.kb),
    substring(payload FROM i.at + i.kb FOR i.hb), substring(payload FROM i.at + i.kb + i.hb FOR i.vb)
  FROM input i JOIN moved m ON m.id = i.id;
END $$`;

class EventLog1760000000000 implements MigrationInterface {
  readonly name = 'EventLog1760000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...TABLES, APPEND]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION bus.append');
    await runner.query(
      'DROP TABLE bus.group_partitions, bus.members, bus.groups, bus.records, bus.partitions, bus.topics',
    );
  }
}

export const BUS_MIGRATIONS: readonly MigrationClass[] = [EventLog1760000000000];
