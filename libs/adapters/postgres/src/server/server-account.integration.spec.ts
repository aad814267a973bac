import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, it } from '@jest/globals';
import { silentLogger } from '@millrace/kernel';
import { findPostgresBinaries } from './postgres-binaries.js';
import { chooseAccount } from './server-account.js';

let closed: string | undefined;
afterEach(() => rm(closed ?? '', { recursive: true, force: true }));

it('as root, runs programs that lie below a folder which nobody else may pass, such as a clone in a private one', async () => {
  if (process.getuid?.() !== 0) return; // Only root has to become somebody else.
  closed = await mkdtemp(path.join(tmpdir(), 'millrace-closed-')); // mode 0700
  const { postgres } = await findPostgresBinaries();
  const native = path.join(closed, 'native');
  await cp(path.resolve(path.dirname(postgres), '..'), native, { recursive: true, verbatimSymlinks: true });
  const initdb = path.join(native, 'bin', 'initdb');
  const paths = [path.join(native, 'bin', 'postgres'), path.join(closed, 'data')];
  const account = await chooseAccount({ paths, home: closed, logger: silentLogger });
  const [program = '', ...words] = [...(account?.wrapper ?? []), initdb, '--help'];
  const ids = account === undefined || account.wrapper.length > 0 ? {} : { uid: account.uid, gid: account.gid };
  const { stdout, stderr } = await promisify(execFile)(program, words, ids);
  expect(stdout).toContain('initializes a PostgreSQL database cluster');
  expect(stderr).toBe('');
}, 60_000);
