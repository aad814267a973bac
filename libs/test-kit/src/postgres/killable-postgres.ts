import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@millrace/adapter-postgres/server';
import { eventually } from '../eventually.js';
import { freePort } from '../process/free-port.js';
import type { TestDatabase } from './start-postgres.js';

const START_TIMEOUT_MS = 30_000;
const START_POLL_MS = 200;

/** A server of its own with durable writes, for tests of what is left after it died. The URL stays the same. */
export interface KillablePostgres extends TestDatabase {
  readonly port: number;
  /** SIGKILL for the server: its children end with it, no checkpoint, no goodbye. */
  kill(): Promise<void>;
  /** Starts it again on its data and its port. */
  start(): Promise<void>;
}

export async function startKillablePostgres(): Promise<KillablePostgres> {
  const directory = await mkdtemp(path.join(tmpdir(), 'millrace-postgres-'));
  const port = await freePort();
  const launch = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ directory, port, durable: true });
  let server = await launch();
  return {
    url: server.url,
    port,
    kill: async () => {
      process.kill(await serverPid(directory), 'SIGKILL');
    },
    start: async () => {
      // The children of a killed server hold its shared memory for a moment.
      server = await eventually(launch, { timeoutMs: START_TIMEOUT_MS, intervalMs: START_POLL_MS });
    },
    stop: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function serverPid(directory: string): Promise<number> {
  const [line = ''] = (await readFile(path.join(directory, 'data', 'postmaster.pid'), 'utf8')).split('\n');
  return Number(line);
}
