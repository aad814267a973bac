import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startKeptPostgres } from './kept-postgres.js';
import { pollFor, readPostmasterFile } from './postmaster-pid.js';

const TIMEOUT_MS = 60_000;
const BACK_MAX_MS = 10_000;

describe('startKeptPostgres', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'millrace-kept-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const serverPid = async (): Promise<number | undefined> => (await readPostmasterFile(path.join(root, 'data')))?.pid;

  async function query(url: string, sql: string): Promise<Record<string, unknown>[] | undefined> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } catch {
      return undefined;
    } finally {
      await client.end().catch(() => {});
    }
  }

  it(
    'P22: a killed server is back within 10 s under the same URL, with every committed row; a stopped one stays away',
    async () => {
      const server = await startKeptPostgres({ directory: root });
      await query(server.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      for (const kill of [1, 2]) {
        const killed = await serverPid();
        process.kill(killed ?? 0, 'SIGKILL');
        const back = await pollFor(BACK_MAX_MS, async () => {
          const pid = await serverPid();
          return pid === killed ? undefined : query(server.url, 'SELECT answer FROM kept');
        });
        expect({ kill, back }).toEqual({ kill, back: [{ answer: 42 }] });
      }
      await server.stop();
      expect(await serverPid()).toBeUndefined();
      expect(await query(server.url, 'SELECT 1')).toBeUndefined();
    },
    TIMEOUT_MS,
  );
});
