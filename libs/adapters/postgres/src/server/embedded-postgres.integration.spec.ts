import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { killHard, startChild } from '../../test/start-child.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { readPostmasterFile } from './postmaster-pid.js';
import { startTemporaryPostgres } from './temporary-postgres.js';

const START_MS = 60_000;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'millrace-spec-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startEmbeddedPostgres', () => {
  it(
    'keeps its data over a restart, below closed folders, behind a password nobody else can read',
    async () => {
      const directory = path.join(root, 'closed', 'postgres');
      await mkdir(path.dirname(directory), { mode: 0o700 });
      const steps: string[] = [];
      const first = await startEmbeddedPostgres({ directory, onProgress: (step) => steps.push(step) });
      await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await first.stop();
      expect(await readPostmasterFile(path.join(directory, 'data'))).toBeUndefined();

      const second = await startEmbeddedPostgres({ directory });
      expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      expect(await query(second.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
      await expect(query(second.url.replace(/:[0-9a-f]+@/, ':guess@'), 'SELECT 1')).rejects.toThrow('password');
      expect((await stat(path.join(directory, 'password'))).mode & 0o777).toBe(0o600);
      await second.stop();
      await second.stop();
      expect(steps).toEqual(['making the database', 'starting the database']);
    },
    START_MS,
  );

  it(
    'takes over the server that a killed process left running, and refuses one that a living process holds',
    async () => {
      const { child, firstLine } = await startChild('hold-server.ts', [root]);
      await expect(startEmbeddedPostgres({ directory: root })).rejects.toMatchObject({ kind: 'conflict' });
      await killHard(child);
      const left = await readPostmasterFile(path.join(root, 'data'));
      expect(left?.ready).toBe(true);

      const next = await startEmbeddedPostgres({ directory: root });
      expect(next.url).toBe(firstLine);
      await next.stop();
      expect(await readPostmasterFile(path.join(root, 'data'))).toBeUndefined();
    },
    START_MS,
  );

  it(
    'replaces a left-behind server when another port is wanted',
    async () => {
      const { child, firstLine } = await startChild('hold-server.ts', [root]);
      await killHard(child);
      const used = Number(new URL(firstLine).port);
      const wanted = used > 60_000 ? used - 1 : used + 1;
      const next = await startEmbeddedPostgres({ directory: root, port: wanted });
      expect(Number(new URL(next.url).port)).toBe(wanted);
      await next.stop();
    },
    START_MS,
  );

  it('refuses files of another major version and leaves them alone', async () => {
    await mkdir(path.join(root, 'data'));
    await writeFile(path.join(root, 'data', 'PG_VERSION'), '15\n');
    await expect(startEmbeddedPostgres({ directory: root })).rejects.toMatchObject({ kind: 'precondition' });
    expect(await readFile(path.join(root, 'data', 'PG_VERSION'), 'utf8')).toBe('15\n');
  });
});

describe('startTemporaryPostgres', () => {
  it(
    'makes a database of its own on a given server and drops it',
    async () => {
      const server = await startTemporaryPostgres();
      const guest = await startTemporaryPostgres({ url: server.url });
      expect(await query(guest.url, 'SELECT current_database() <> $$postgres$$ AS own')).toEqual([{ own: true }]);
      await guest.stop();
      const left = await query(server.url, `SELECT 1 FROM pg_database WHERE datname LIKE 'millrace_test_%'`);
      expect(left).toEqual([]);
      await server.stop();
    },
    START_MS,
  );
});
