import type pg from 'pg';
import type { DurationMs } from '@millrace/kernel';
import { mapFault, mappingFaults } from '../pool/map-fault.js';
import { assignRanges, type GroupMemberFacts, type PartitionFacts } from './assign-ranges.js';

export interface NewMember {
  readonly id: string;
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionMs: DurationMs;
  /** Backend of the connection that lives and dies with the process; undefined while it is being made. */
  readonly sessionPid: number | undefined;
}

/** A partition that a member has, or shall have. */
export interface Ownership {
  readonly partition_id: number;
  readonly owned: boolean;
  readonly targeted: boolean;
}

/** Where a member starts to read a partition that it got. */
export interface StartPosition {
  readonly partition_id: number;
  readonly position: string;
}

/** What a heartbeat tells about a group. */
export interface GroupState {
  readonly name: string;
  /** A member died: somebody has to deal its partitions out. */
  readonly has_dead: boolean;
  /** Partitions wait to change hands. */
  readonly unsettled: boolean;
}

/** Its time ran out, or the connection it heart-beats on is gone: then its process is gone, too. */
const DEAD = `(m.expires_at < clock_timestamp() OR (m.session_pid IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = m.session_pid)))`;
const DEADLOCK = '40P01';

/**
 * The SQL of consumer groups. Every change of a group's members holds the group's row, so that they take turns.
 * All methods reject with `unavailable` when the database is away.
 */
export class GroupStore {
  constructor(private readonly pool: pg.Pool) {}

  /** Enters the group, or enters it again, and deals its partitions out anew. */
  join(member: NewMember): Promise<void> {
    return this.changing(member.group, async (client) => {
      await client.query(
        `INSERT INTO bus.members (id, group_name, topics, expires_at, session_pid)
         VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 ms', $5) ON CONFLICT (id) DO NOTHING`,
        [member.id, member.group, member.topics, member.sessionMs, member.sessionPid],
      );
    });
  }

  leave(group: string, memberId: string): Promise<void> {
    return this.changing(group, async (client) => {
      await client.query('DELETE FROM bus.members WHERE id = $1', [memberId]);
    });
  }

  /** Removes dead members and deals their partitions out. */
  rebalance(group: string): Promise<void> {
    return this.changing(group, async () => {});
  }

  async ownership(group: string, memberId: string): Promise<readonly Ownership[]> {
    const text = `SELECT partition_id, owner IS NOT DISTINCT FROM $2 AS owned, target IS NOT DISTINCT FROM $2 AS targeted
      FROM bus.group_partitions WHERE group_name = $1 AND (owner = $2 OR target = $2)`;
    return this.query<Ownership>(text, [group, memberId]);
  }

  /** Takes every partition that is meant for the member and that nobody owns. */
  async claim(group: string, memberId: string): Promise<readonly StartPosition[]> {
    const text = `UPDATE bus.group_partitions g SET owner = $2
      WHERE g.group_name = $1 AND g.target = $2 AND g.owner IS NULL
        AND EXISTS (SELECT FROM bus.members m WHERE m.id = $2)
      RETURNING g.partition_id, coalesce(g.next_offset,
        (SELECT r."offset" FROM bus.records r WHERE r.partition_id = g.partition_id ORDER BY r."offset" LIMIT 1),
        (SELECT p.head FROM bus.partitions p WHERE p.id = g.partition_id)) AS position`;
    return this.query<StartPosition>(text, [group, memberId]);
  }

  async release(group: string, memberId: string, partitionIds: readonly number[]): Promise<void> {
    const text = `UPDATE bus.group_partitions SET owner = NULL
      WHERE group_name = $1 AND owner = $2 AND partition_id = ANY($3::int[])`;
    await this.query(text, [group, memberId, partitionIds]);
  }

  /** Returns for how many partitions the offset was stored: only where the member is the owner. */
  async commit(group: string, memberId: string, offsets: ReadonlyMap<number, bigint>): Promise<number> {
    const values = [group, memberId, [...offsets.keys()], [...offsets.values()]];
    const text = `UPDATE bus.group_partitions g SET next_offset = done.next_offset
      FROM unnest($3::int[], $4::bigint[]) AS done(partition_id, next_offset)
      WHERE g.group_name = $1 AND g.owner = $2 AND g.partition_id = done.partition_id`;
    const run = (): Promise<pg.QueryResult> => this.pool.query({ name: 'bus-commit', text, values });
    // A rebalance locks the same rows in another order; once it is through, the commit goes through.
    const retried = run().catch((error: unknown) => {
      if ((error as { code?: string }).code === DEADLOCK) return run();
      throw error;
    });
    return (await mappingFaults(() => retried)).rowCount ?? 0;
  }

  /** Records between the committed offsets and the ends of the partitions. */
  async lag(group: string, partitionIds: readonly number[]): Promise<number> {
    const text = `SELECT coalesce(sum(p.head - coalesce(g.next_offset, (SELECT r."offset" FROM bus.records r
          WHERE r.partition_id = p.id ORDER BY r."offset" LIMIT 1), p.head)), 0)::float8 AS lag
      FROM bus.partitions p JOIN bus.group_partitions g ON g.partition_id = p.id AND g.group_name = $1
      WHERE p.id = ANY($2::int[])`;
    const rows = await this.query<{ lag: number }>(text, [group, partitionIds]);
    return rows[0]?.lag ?? 0;
  }

  /** Keeps the members alive, on the connection whose backend stands for the process. Returns those still there. */
  async heartbeat(
    client: pg.Client,
    memberIds: readonly string[],
    sessionMs: DurationMs,
  ): Promise<ReadonlySet<string>> {
    const text = `UPDATE bus.members SET expires_at = clock_timestamp() + $2 * interval '1 ms',
      session_pid = pg_backend_pid() WHERE id = ANY($1::uuid[]) RETURNING id`;
    const { rows } = await client.query<{ id: string }>({
      name: 'bus-heartbeat',
      text,
      values: [memberIds, sessionMs],
    });
    return new Set(rows.map(({ id }) => id));
  }

  /** The groups that need something done. */
  async troubled(client: pg.Client, groups: readonly string[]): Promise<readonly GroupState[]> {
    const text = `SELECT * FROM (SELECT name,
        EXISTS (SELECT FROM bus.members m WHERE m.group_name = name AND ${DEAD}) AS has_dead,
        EXISTS (SELECT FROM bus.group_partitions g WHERE g.group_name = name
          AND g.owner IS DISTINCT FROM g.target) AS unsettled
      FROM unnest($1::text[]) AS name) states WHERE has_dead OR unsettled`;
    return (await client.query<GroupState>({ name: 'bus-troubled', text, values: [groups] })).rows;
  }

  /** Runs a change of the group's members alone, and deals its partitions out. */
  private async changing(group: string, change: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    const client = await this.pool.connect().catch((error: unknown) => Promise.reject(mapFault(error)));
    const onError = (): void => {};
    client.on('error', onError);
    let failed = true;
    try {
      await client.query('BEGIN');
      await client.query('INSERT INTO bus.groups (name) VALUES ($1) ON CONFLICT DO NOTHING', [group]);
      await client.query('UPDATE bus.groups SET generation = generation + 1 WHERE name = $1', [group]);
      await change(client);
      await dealOut(client, group);
      await client.query('COMMIT');
      failed = false;
    } catch (error) {
      throw mapFault(error);
    } finally {
      client.removeListener('error', onError);
      client.release(failed);
    }
  }

  private async query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    return (await mappingFaults(() => this.pool.query<Row>(text, values))).rows;
  }
}

async function dealOut(client: pg.PoolClient, group: string): Promise<void> {
  await client.query(`DELETE FROM bus.members m WHERE m.group_name = $1 AND ${DEAD}`, [group]);
  const { rows: members } = await client.query<GroupMemberFacts>(
    'SELECT id, topics FROM bus.members WHERE group_name = $1 ORDER BY joined_at, id',
    [group],
  );
  const { rows: partitions } = await client.query<PartitionFacts>(
    'SELECT id, topic, number FROM bus.partitions WHERE topic = ANY($1::text[]) ORDER BY id',
    [[...new Set(members.flatMap(({ topics }) => topics))]],
  );
  const targets = assignRanges(members, partitions);
  await client.query(
    `INSERT INTO bus.group_partitions (group_name, partition_id)
     SELECT $1, id FROM unnest($2::int[]) AS id ON CONFLICT DO NOTHING`,
    [group, [...targets.keys()]],
  );
  await client.query(
    `UPDATE bus.group_partitions g SET target = dealt.member_id,
       owner = CASE WHEN EXISTS (SELECT FROM bus.members m WHERE m.id = g.owner) THEN g.owner END
     FROM (SELECT gp.partition_id, t.member_id FROM bus.group_partitions gp
       LEFT JOIN unnest($2::int[], $3::uuid[]) AS t(partition_id, member_id) USING (partition_id)
       WHERE gp.group_name = $1) dealt
     WHERE g.group_name = $1 AND g.partition_id = dealt.partition_id
       AND (g.target IS DISTINCT FROM dealt.member_id OR (g.owner IS NOT NULL
         AND NOT EXISTS (SELECT FROM bus.members m WHERE m.id = g.owner)))`,
    [group, [...targets.keys()], [...targets.values()]],
  );
}
