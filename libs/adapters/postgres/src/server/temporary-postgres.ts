import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { silentLogger, systemRng, type Logger } from '@millrace/kernel';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';

export interface TemporaryPostgresOptions {
  /** An administrator's URL of a running server (the caller's DATABASE_URL): a database of its own is made there. */
  readonly url?: string | undefined;
  readonly logger?: Logger;
  /** `true` where a test kills the server. Off by default, for speed. */
  readonly durable?: boolean;
}

/** An empty database for tests. `stop` removes it with all its data. */
export function startTemporaryPostgres(options: TemporaryPostgresOptions = {}): Promise<EmbeddedPostgres> {
  return options.url === undefined ? startInTemporaryDirectory(options) : createTemporaryDatabase(options.url);
}

async function startInTemporaryDirectory(options: TemporaryPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = await mkdtemp(path.join(tmpdir(), 'millrace-postgres-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const logger = options.logger ?? silentLogger;
    const server = await startEmbeddedPostgres({ directory, logger, durable: options.durable ?? false });
    return { url: server.url, stop: () => server.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function createTemporaryDatabase(adminUrl: string): Promise<EmbeddedPostgres> {
  const name = `millrace_test_${Buffer.from(systemRng.bytes(8)).toString('hex')}`;
  await execute(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, stop: () => execute(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
