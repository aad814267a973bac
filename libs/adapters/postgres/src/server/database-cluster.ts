import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError, type Rng } from '@millrace/kernel';
import type { PostgresBinaries } from './postgres-binaries.js';
import { giveTo, type ServerAccount } from './server-account.js';

/** The superuser of an embedded server. */
export const SERVER_USER = 'millrace';
const SERVER_MAJOR = '18';
const PASSWORD_BYTES = 24;
const run = promisify(execFile);

/** Where an embedded server keeps what: all below one directory. */
export interface ClusterPaths {
  readonly directory: string;
  readonly dataDirectory: string;
  readonly passwordFile: string;
  readonly logFile: string;
}

export function clusterPaths(directory: string): ClusterPaths {
  const root = path.resolve(directory);
  return {
    directory: root,
    dataDirectory: path.join(root, 'data'),
    passwordFile: path.join(root, 'password'),
    logFile: path.join(root, 'postgres.log'),
  };
}

/** Program and arguments as an account runs them, and the ids to spawn with. */
export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly ids: Partial<Pick<ServerAccount, 'uid' | 'gid'>>;
}

export function commandAs(account: ServerAccount | undefined, program: string, args: readonly string[]): ServerCommand {
  const [file = program, ...rest] = [...(account?.wrapper ?? []), program, ...args];
  const ids = account === undefined || account.wrapper.length > 0 ? {} : { uid: account.uid, gid: account.gid };
  return { file, args: rest, ids };
}

/**
 * Makes the database files where they are missing, and leaves those that are there alone.
 * They become visible under their name when they are whole: a start that was killed leaves nothing half-made.
 * Rejects with `precondition` when another major version made them.
 */
export async function prepareCluster(options: {
  readonly paths: ClusterPaths;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount | undefined;
  readonly rng: Rng;
  readonly onProgress: (step: string) => void;
}): Promise<string> {
  const { paths, account } = options;
  if (existsSync(paths.dataDirectory)) await refuseOtherVersion(paths.dataDirectory);
  else await initialise(options);
  await giveTo(account, paths.dataDirectory);
  await chmod(paths.dataDirectory, 0o700);
  return (await readFile(paths.passwordFile, 'utf8')).trim();
}

async function refuseOtherVersion(dataDirectory: string): Promise<void> {
  const version = (await readFile(path.join(dataDirectory, 'PG_VERSION'), 'utf8')).trim();
  if (version === SERVER_MAJOR) return;
  const message = `${dataDirectory} was made by Postgres ${version}; this release has Postgres ${SERVER_MAJOR}. Run the release that made it, export, and import here.`;
  throw new AppError({ kind: 'precondition', code: 'service_unavailable', message });
}

async function initialise(options: Parameters<typeof prepareCluster>[0]): Promise<void> {
  const { paths, binaries, account, rng } = options;
  options.onProgress('making the database');
  const unfinished = `${paths.dataDirectory}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writePassword(paths.passwordFile, rng, account);
  if (account !== undefined) await chown(unfinished, account.uid, account.gid);
  const auth = ['-U', SERVER_USER, '--auth=scram-sha-256', `--pwfile=${paths.passwordFile}`];
  const locale = ['--encoding=UTF8', '--locale=C', '--no-sync'];
  const command = commandAs(account, binaries.initdb, ['-D', unfinished, ...auth, ...locale]);
  await run(command.file, command.args, { ...command.ids, cwd: paths.directory, env: serverEnvironment() }).catch(
    (cause: unknown) => Promise.reject(initFailed(cause)),
  );
  if (account !== undefined) await chown(paths.passwordFile, 0, 0);
  await rename(unfinished, paths.dataDirectory);
}

/** Only what the programs need: a PGDATA or PGPORT of the caller must not reach them. */
export function serverEnvironment(): Record<string, string> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

async function writePassword(file: string, rng: Rng, account: ServerAccount | undefined): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, `${Buffer.from(rng.bytes(PASSWORD_BYTES)).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  if (account !== undefined) await chown(file, account.uid, account.gid);
}

function initFailed(cause: unknown): AppError {
  const { stderr = '' } = cause as { stderr?: string };
  const message = `The database could not be made: ${stderr.trim() || String(cause)}`;
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message, retriable: false, cause });
}
