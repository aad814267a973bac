import { execFile } from 'node:child_process';
import { chmod, chown, lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError, type Logger } from '@millrace/kernel';

/** `nobody` on Linux and macOS. */
const NOBODY = 65_534;
const run = promisify(execFile);

/** As whom the server's programs run. Postgres refuses to run as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
  /** Program and arguments that go before the server's own, where folders above it are closed to the account. */
  readonly wrapper: readonly string[];
}

/** Facts about one directory that decide whether an account may pass through it. */
export interface DirectoryFacts {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Whether an account without further groups may pass through the directory. */
export function mayPass(account: { readonly uid: number; readonly gid: number }, directory: DirectoryFacts): boolean {
  if (directory.uid === account.uid) return (directory.mode & 0o100) !== 0;
  if (directory.gid === account.gid) return (directory.mode & 0o010) !== 0;
  return (directory.mode & 0o001) !== 0;
}

/** Accounts worth trying, best first: nobody, then whoever owns a folder on the way (a user who ran sudo). */
export function candidateAccounts(
  ancestors: readonly DirectoryFacts[],
): readonly { readonly uid: number; readonly gid: number }[] {
  const owners = ancestors.filter(({ uid }) => uid !== 0 && uid !== NOBODY).map(({ uid, gid }) => ({ uid, gid }));
  return [{ uid: NOBODY, gid: NOBODY }, ...owners];
}

/**
 * Picks the account for a server with its programs and data at `paths`: none (our own) unless we are root; then
 * nobody, a folder's owner, nobody with the right to read through closed folders (needs `setpriv`), or nobody after
 * `home` was opened for passing through. Rejects with `unavailable` and what to do when none can reach all paths.
 */
export async function chooseAccount(options: {
  readonly paths: readonly string[];
  readonly home: string;
  readonly logger: Logger;
}): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ancestors = await ancestorsOf(options.paths);
  const plain = candidateAccounts(ancestors).find((account) => ancestors.every((entry) => mayPass(account, entry)));
  if (plain !== undefined) return { ...plain, wrapper: [] };
  const wrapper = await privilegeWrapper(options.paths);
  if (wrapper !== undefined) return { uid: NOBODY, gid: NOBODY, wrapper };
  await openForPassing(options.home, options.logger);
  const closed = (await ancestorsOf(options.paths)).find((entry) => !mayPass({ uid: NOBODY, gid: NOBODY }, entry));
  if (closed === undefined) return { uid: NOBODY, gid: NOBODY, wrapper: [] };
  throw unreachable(closed.path);
}

/** Gives a directory and all in it to the account, where it isn't already. */
export async function giveTo(account: ServerAccount | undefined, directory: string): Promise<void> {
  if (account === undefined || (await stat(directory)).uid === account.uid) return;
  for (const entry of await readdir(directory, { recursive: true })) {
    const name = path.join(directory, entry);
    if (!(await lstat(name)).isSymbolicLink()) await chown(name, account.uid, account.gid);
  }
  await chown(directory, account.uid, account.gid);
}

async function ancestorsOf(paths: readonly string[]): Promise<readonly DirectoryFacts[]> {
  const names = new Set<string>();
  for (let name of paths.map((entry) => path.resolve(entry))) {
    while (path.dirname(name) !== name) names.add((name = path.dirname(name)));
  }
  return Promise.all([...names].map(async (name) => factsOf(name)));
}

async function factsOf(name: string): Promise<DirectoryFacts> {
  const { uid, gid, mode } = await stat(name);
  return { path: name, uid, gid, mode };
}

/**
 * A `setpriv` call that passes the closed folders as nobody, tried out on the paths themselves. Postgres looks for its
 * programs with access(2), which minds the right only with the secure bit; where that may not be set, it does without.
 */
async function privilegeWrapper(paths: readonly string[]): Promise<readonly string[] | undefined> {
  const folders = paths.map((name) => `${path.dirname(name)}/.`);
  const account = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
  for (const secureBit of [['--securebits', '+no_setuid_fixup'], []]) {
    for (const capability of ['dac_read_search', 'dac_override']) {
      const rights = ['--inh-caps', `+${capability}`, '--ambient-caps', `+${capability}`];
      const wrapper = ['setpriv', ...secureBit, ...account, ...rights];
      const trial = await run('setpriv', [...wrapper.slice(1), 'ls', '-d', ...folders]).catch(() => undefined);
      if (trial !== undefined) return wrapper;
    }
  }
  return undefined;
}

async function openForPassing(home: string, logger: Logger): Promise<void> {
  const { mode } = await stat(home);
  if ((mode & 0o011) === 0o011) return;
  logger.warn('opened a folder for passing through, so that the database server can reach its data', { home });
  await chmod(home, (mode & 0o7777) | 0o011);
}

function unreachable(closed: string): AppError {
  const message =
    `The embedded Postgres server can't run as root, and no other account may pass through ${closed}. ` +
    `Run as a user of your own, or set MILLRACE_HOME (and install) below a folder that others may pass ` +
    `(chmod o+x ${closed}), or set DATABASE_URL.`;
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message, retriable: false });
}
