import type { DurationMs } from '@millrace/kernel';
import { notLeader } from '@millrace/scheduling';
import type { LeaderGuard, Leadership, LeaderStore } from '@millrace/scheduling/ports';
import type pg from 'pg';
import { mappingFaults } from '../pool/map-fault.js';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';

const s = SCHEDULING_SCHEMA;
const ROW = 'scheduler';
const EXPIRY = `clock_timestamp() + $3 * interval '1 millisecond'`;

const ACQUIRE = `INSERT INTO ${s}.leader AS leader (name, holder, term, expires_at) VALUES ($1, $2, 1, ${EXPIRY})
  ON CONFLICT (name) DO UPDATE SET holder = $2, term = leader.term + 1, expires_at = ${EXPIRY}
  WHERE leader.holder = $2 OR leader.expires_at < clock_timestamp()
  RETURNING term`;

const RENEW = `UPDATE ${s}.leader SET expires_at = ${EXPIRY} WHERE name = $1 AND holder = $2 AND term = $4`;

const RELEASE = `UPDATE ${s}.leader SET expires_at = '-infinity' WHERE name = $1 AND holder = $2 AND term = $3`;

const CONFIRM = `SELECT 1 FROM ${s}.leader WHERE name = $1 AND holder = $2 AND term = $3 FOR SHARE`;

/** The leader row by compare-and-set, timed by the database's clock. Each call is a transaction of its own. */
export class PostgresLeaderStore implements LeaderStore {
  constructor(private readonly pool: pg.Pool) {}

  async acquire(holder: string, ttlMs: DurationMs): Promise<Leadership | undefined> {
    const { rows } = await mappingFaults(() =>
      this.pool.query<{ term: string }>({
        name: 'scheduling-acquire-leader',
        text: ACQUIRE,
        values: [ROW, holder, ttlMs],
      }),
    );
    const term = rows[0]?.term;
    return term === undefined ? undefined : { holder, term: Number(term) };
  }

  async renew({ holder, term }: Leadership, ttlMs: DurationMs): Promise<boolean> {
    const values = [ROW, holder, ttlMs, term];
    const { rowCount } = await mappingFaults(() =>
      this.pool.query({ name: 'scheduling-renew-leader', text: RENEW, values }),
    );
    return rowCount === 1;
  }

  async release({ holder, term }: Leadership): Promise<void> {
    await mappingFaults(() => this.pool.query(RELEASE, [ROW, holder, term]));
  }
}

/** Checks the term inside the transaction, and holds the row until its end: a new leader waits for the old one's write. */
export class PostgresLeaderGuard implements LeaderGuard {
  constructor(private readonly client: pg.ClientBase) {}

  async confirm({ holder, term }: Leadership): Promise<void> {
    const values = [ROW, holder, term];
    const { rowCount } = await this.client.query({ name: 'scheduling-confirm-leader', text: CONFIRM, values });
    if (rowCount !== 1) throw notLeader();
  }
}
