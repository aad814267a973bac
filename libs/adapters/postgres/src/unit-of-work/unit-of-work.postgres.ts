import type pg from 'pg';
import { AppError } from '@millrace/kernel';
import type { NewEvent, OutboxBatch, OutgoingRecord, TransactionScope, UnitOfWork } from '@millrace/messaging/ports';
import { createPostgresInbox } from '../inbox/inbox.postgres.js';
import { insertOutboxRows } from '../outbox/outbox-store.postgres.js';
import { mapFault } from '../pool/map-fault.js';

/** Records of one outbox row at most. */
const ROW_RECORDS_MAX = 500;

export interface PostgresUnitOfWorkOptions<Stores extends object> {
  /** Decides by its role what the transaction may see. */
  readonly pool: pg.Pool;
  /** Holds the outbox and the inbox. */
  readonly schema: string;
  /** The context's stores over the transaction's connection. */
  readonly stores: (client: pg.PoolClient) => Stores;
  readonly stamper: { stamp(events: readonly NewEvent[]): readonly OutgoingRecord[] };
  /** Publishes rows after their commit; waits a bounded time and never rejects. */
  readonly dispatcher: { committed(batches: readonly OutboxBatch[]): Promise<void> };
}

/**
 * Transactions over `pg`, READ COMMITTED. Events are checked and stamped when they are added and written as one
 * outbox row just before the commit. Rejects with what `work` rejects with, and with `unavailable` when the database
 * is away; then the transaction has had no effect, unless the connection broke during the commit itself.
 */
export class PostgresUnitOfWork<Stores extends object> implements UnitOfWork<Stores & TransactionScope> {
  constructor(private readonly options: PostgresUnitOfWorkOptions<Stores>) {}

  async run<Result>(work: (scope: Stores & TransactionScope) => Promise<Result>): Promise<Result> {
    const { result, batches } = await this.onConnection((client) => this.transact(client, work));
    if (batches.length > 0) await this.options.dispatcher.committed(batches);
    return result;
  }

  /** A connection for the time of `work`; one that may be in a bad state is not used again. */
  private async onConnection<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.options.pool.connect().catch((error: unknown) => Promise.reject(mapFault(error)));
    let broken = false;
    const onError = (): void => void (broken = true);
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      broken = broken || !(await rolledBack(client));
      throw mapFault(error);
    } finally {
      client.removeListener('error', onError);
      client.release(broken);
    }
  }

  private async transact<Result>(client: pg.PoolClient, work: (scope: Stores & TransactionScope) => Promise<Result>) {
    const records: OutgoingRecord[] = [];
    const add = async (events: readonly NewEvent[]): Promise<void> => {
      records.push(...this.options.stamper.stamp(events));
    };
    const scope = { outbox: { add }, inbox: createPostgresInbox(client, this.options.schema) };
    await client.query('BEGIN');
    const result = await work({ ...this.options.stores(client), ...scope });
    const batches = await insertOutboxRows(client, this.options.schema, rowsOf(records));
    await commit(client);
    return { result, batches };
  }
}

function rowsOf(records: readonly OutgoingRecord[]): readonly (readonly OutgoingRecord[])[] {
  const rows = Math.ceil(records.length / ROW_RECORDS_MAX);
  return Array.from({ length: rows }, (_, row) => records.slice(row * ROW_RECORDS_MAX, (row + 1) * ROW_RECORDS_MAX));
}

/** Postgres answers COMMIT with ROLLBACK when a statement failed and the work went on in spite of it. */
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command === 'COMMIT') return;
  const message = 'A statement of the transaction failed, and its error was not passed on: nothing was committed.';
  throw new AppError({ kind: 'internal', code: 'internal_error', message });
}

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
}
