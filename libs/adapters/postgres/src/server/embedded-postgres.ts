import { spawn } from 'node:child_process';
import { chmod, mkdir, open, readFile, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { AppError, silentLogger, systemRng, type Logger, type Rng } from '@millrace/kernel';
import {
  clusterPaths,
  commandAs,
  prepareCluster,
  serverEnvironment,
  SERVER_USER,
  type ClusterPaths,
} from './database-cluster.js';
import { findFreePort } from './free-port.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import {
  forgetKilledServer,
  pollFor,
  readPostmasterFile,
  stopPostmaster,
  type PostmasterFile,
} from './postmaster-pid.js';
import { chooseAccount, type ServerAccount } from './server-account.js';

const START_LIMIT_MS = 60_000;
const CLAIM_LIMIT_MS = 5_000;
const REAP_LIMIT_MS = 5_000;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** Key of the advisory lock by which one process holds an embedded server. */
const HOLDER_LOCK = 7_204_118_206;

export interface EmbeddedPostgresOptions {
  /** Holds the database files, the password and the log; made if missing. */
  readonly directory: string;
  /** 0, the default: any free port. */
  readonly port?: number;
  readonly logger?: Logger;
  readonly rng?: Rng;
  /** Told what a slow first start is doing. */
  readonly onProgress?: (step: string) => void;
  /** `false` for throw-away test data only: nothing survives a crash of the machine. */
  readonly durable?: boolean;
}

export interface EmbeddedPostgres {
  /** Connection string of the superuser, with its password. */
  readonly url: string;
  /** Fast shutdown, in the end SIGKILL; bounded (16 s). Safe to call twice. */
  stop(): Promise<void>;
}

export interface EmbeddedServer extends EmbeddedPostgres {
  /** Settles when the server lets go of us: it ended, was killed, or was stopped. */
  readonly lost: Promise<void>;
}

/**
 * Starts a Postgres 18 from the installed package on 127.0.0.1, or takes over the one that a killed process left
 * running on the same directory. The server outlives a SIGKILL of this process; the next start finds it again.
 * Rejects with `unavailable` where no server can run, and with `conflict` where a living process uses the directory.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedServer> {
  const logger = options.logger ?? silentLogger;
  const paths = clusterPaths(options.directory);
  await mkdir(paths.directory, { recursive: true });
  await chmod(paths.directory, 0o711);
  const left = await readPostmasterFile(paths.dataDirectory);
  if (left !== undefined) {
    const taken = await takeOver(paths, left, options.port ?? 0, logger);
    if (taken !== undefined) return taken;
  }
  return startServer(paths, options, logger);
}

async function startServer(
  paths: ClusterPaths,
  options: EmbeddedPostgresOptions,
  logger: Logger,
): Promise<EmbeddedServer> {
  const onProgress = options.onProgress ?? (() => {});
  const binaries = await findPostgresBinaries();
  const home = path.dirname(paths.directory);
  const account = await chooseAccount({ paths: [binaries.postgres, paths.dataDirectory], home, logger });
  const password = await prepareCluster({ paths, binaries, account, rng: options.rng ?? systemRng, onProgress });
  onProgress('starting the database');
  await forgetKilledServer(paths.dataDirectory, REAP_LIMIT_MS);
  const port = options.port || (await findFreePort());
  const hasEnded = await launch({ paths, binaries, account, port, durable: options.durable ?? true });
  const running = await pollFor(START_LIMIT_MS, async () => readyOrGone(paths, hasEnded));
  if (running === undefined || running === 'gone') throw await startFailed(paths);
  const url = serverUrl(password, running.port);
  return holding(paths, running.pid, url, await claim(url));
}

/** The server of a killed process: kept where it answers on a port that will do, else stopped. */
async function takeOver(
  paths: ClusterPaths,
  left: PostmasterFile,
  wantedPort: number,
  logger: Logger,
): Promise<EmbeddedServer | undefined> {
  const url = serverUrl((await readFile(paths.passwordFile, 'utf8').catch(() => '')).trim(), left.port);
  const holder = await claim(url).catch(ignoreUnlessHeld);
  if (holder !== undefined && (wantedPort === 0 || wantedPort === left.port)) {
    logger.info('took over the database server that an earlier run left behind', { pid: left.pid, port: left.port });
    return holding(paths, left.pid, url, holder);
  }
  logger.info('stopping the database server that an earlier run left behind', { pid: left.pid, port: left.port });
  await holder?.end();
  await stopPostmaster(left.pid, async () => (await readPostmasterFile(paths.dataDirectory)) === undefined);
  return undefined;
}

function ignoreUnlessHeld(error: unknown): undefined {
  if (error instanceof AppError && error.kind === 'conflict') throw error;
  return undefined;
}

/**
 * Opens the connection whose advisory lock says that this process uses the server. The lock goes with the process,
 * however it ends. Rejects with `conflict` while another process holds it.
 */
async function claim(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'millrace-holder' });
  client.on('error', () => {});
  await client.connect();
  const claimed = await pollFor(CLAIM_LIMIT_MS, async () => {
    const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [HOLDER_LOCK]);
    return rows[0]?.held === true ? true : undefined;
  });
  if (claimed === true) return client;
  await client.end();
  const message = 'Another Millrace process uses this MILLRACE_HOME: stop it first, or choose another MILLRACE_HOME.';
  throw new AppError({ kind: 'conflict', code: 'service_unavailable', message });
}

function holding(paths: ClusterPaths, pid: number, url: string, holder: pg.Client): EmbeddedServer {
  const lost = new Promise<void>((resolve) => holder.once('end', () => resolve()));
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await holder.end().catch(() => {});
    await stopPostmaster(pid, async () => (await readPostmasterFile(paths.dataDirectory)) === undefined);
  };
  return { url, lost, stop: () => (stopping ??= stop()) };
}

/** Small memory, quiet when idle. The durable settings are Postgres's defaults, written out. */
function serverSettings(port: number, durable: boolean): readonly string[] {
  const settings: Readonly<Record<string, string | number>> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 80,
    shared_buffers: '64MB',
    max_wal_size: '512MB',
    io_method: 'sync',
    jit: 'off',
    random_page_cost: 1.1,
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    fsync: durable ? 'on' : 'off',
    synchronous_commit: 'on',
    full_page_writes: durable ? 'on' : 'off',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * Spawned in a session of its own: Ctrl-C at the terminal must not stop the database before the services.
 * Returns a question: has the server ended?
 */
async function launch(options: {
  readonly paths: ClusterPaths;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount | undefined;
  readonly port: number;
  readonly durable: boolean;
}): Promise<() => boolean> {
  const { paths } = options;
  const size = (await stat(paths.logFile).catch(() => undefined))?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) await truncate(paths.logFile, 0);
  const log = await open(paths.logFile, 'a', 0o600);
  const args = ['-D', paths.dataDirectory, ...serverSettings(options.port, options.durable)];
  const command = commandAs(options.account, options.binaries.postgres, args);
  const child = spawn(command.file, command.args, {
    ...command.ids,
    cwd: paths.directory,
    env: serverEnvironment(),
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  try {
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  } finally {
    await log.close();
  }
  child.unref();
  return () => child.exitCode !== null || child.signalCode !== null;
}

async function readyOrGone(paths: ClusterPaths, hasEnded: () => boolean): Promise<PostmasterFile | 'gone' | undefined> {
  const found = await readPostmasterFile(paths.dataDirectory);
  if (found?.ready === true) return found;
  return hasEnded() ? 'gone' : undefined;
}

async function startFailed(paths: ClusterPaths): Promise<AppError> {
  const log = await readFile(paths.logFile, 'utf8').catch(() => '');
  const message = `The embedded Postgres server did not start: ${log.trim().split('\n').slice(-3).join(' ')} (${paths.logFile})`;
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message, retriable: false });
}

function serverUrl(password: string, port: number): string {
  return `postgres://${SERVER_USER}:${password}@127.0.0.1:${port}/postgres`;
}
