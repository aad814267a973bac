import pg from 'pg';
import { messageOf, silentLogger, type DurationMs, type Logger } from '@millrace/kernel';

export interface PoolOptions {
  readonly url: string;
  /** The role that every connection takes on (`SET ROLE`); the user of the URL must be a member of it. */
  readonly role?: string | undefined;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Connections at most. 10 by default. */
  readonly max?: number;
  /** Time-outs of a statement, and of a transaction that does nothing. 5 s each by default; 0 is none. */
  readonly statementTimeoutMs?: DurationMs;
  readonly idleInTransactionTimeoutMs?: DurationMs;
  /** `false`: a commit returns before it is on disk. A crash of the server may lose it, never half of it. */
  readonly synchronousCommit?: boolean;
  readonly logger?: Logger;
}

const MAX_CONNECTIONS = 10;
const STATEMENT_TIMEOUT_MS = 5_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** How much longer than the server's own time-out we wait for its answer, before the connection counts as dead. */
const ANSWER_GRACE_MS = 5_000;
/** A backend costs its share of memory: what a burst opened goes soon after it. */
const IDLE_CONNECTION_MS = 10_000;
const ROLE_PATTERN = /^[a-z_][a-z0-9_]*$/;

/** Connection settings of every pool and client of this package. */
export function connectionOptions(options: PoolOptions): pg.ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const settings = [
    `-c statement_timeout=${statementTimeoutMs}`,
    `-c idle_in_transaction_session_timeout=${options.idleInTransactionTimeoutMs ?? IDLE_IN_TRANSACTION_TIMEOUT_MS}`,
  ];
  if (options.synchronousCommit === false) settings.push('-c synchronous_commit=off');
  if (options.role !== undefined) settings.push(`-c role=${checkedRole(options.role)}`);
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    options: settings.join(' '),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + ANSWER_GRACE_MS }),
  };
}

/**
 * A pool whose connections run as `role` with bounded statements. A connection that breaks while idle is logged and
 * replaced; one that breaks while it is lent out fails the next statement. Neither ends the process.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const logger = options.logger ?? silentLogger;
  const pool = new pg.Pool({
    ...connectionOptions(options),
    max: options.max ?? MAX_CONNECTIONS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
  });
  pool.on('error', (error) => {
    logger.warn('an idle database connection broke', { pool: options.applicationName, error: messageOf(error) });
  });
  // Lent out and between two statements it would end the process: its next statement fails, and whoever has it is told.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function checkedRole(role: string): string {
  if (!ROLE_PATTERN.test(role)) throw new RangeError(`"${role}" is no role name: use lower-case letters, digits, _`);
  return role;
}
