import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AppError, type Rng } from '@millrace/kernel';

/** Keys that a home is given once and keeps. */
export interface HomeSecrets {
  /** Signs the principals between gateway and services. */
  readonly principalKey: string;
  /** Pepper of the stored API-key hashes. */
  readonly pepper: string;
  /** Signs object URLs. */
  readonly urlKey: string;
}

/** Where the standalone app keeps everything: database, objects, logs, spool, keys. */
export interface HomeDirectory {
  readonly directory: string;
  readonly database: string;
  readonly objects: string;
  readonly logs: string;
  readonly spool: string;
  readonly work: string;
  readonly secrets: HomeSecrets;
  /** A file readable by its owner only, such as `api-key`; undefined when it is not there. */
  readKey(name: string): string | undefined;
  writeKey(name: string, value: string): void;
  /** Lets the next start have the home. */
  release(): void;
}

const PID_FILE = 'millrace.pid';
const SECRETS_FILE = 'secrets.json';
const CLAIM_ATTEMPTS = 5;

/** Opens a home, making what is missing. Refuses one that another running app holds. */
export function openHome(directory: string, rng: Rng): HomeDirectory {
  const root = path.resolve(directory);
  const inside = (name: string): string => path.join(root, name);
  // 0755: the database server may run as another user, who has to pass through. What is secret is closed by itself.
  mkdirSync(root, { recursive: true, mode: 0o755 });
  claim(inside(PID_FILE), root);
  for (const name of ['logs', 'spool', 'objects', 'work']) mkdirSync(inside(name), { recursive: true, mode: 0o700 });
  return {
    directory: root,
    database: inside('postgres'),
    objects: inside('objects'),
    logs: inside('logs'),
    spool: inside('spool'),
    work: inside('work'),
    secrets: readOrMakeSecrets(inside(SECRETS_FILE), rng),
    readKey: (name) => (existsSync(inside(name)) ? readFileSync(inside(name), 'utf8').trim() : undefined),
    writeKey: (name, value) => writePrivate(inside(name), `${value}\n`),
    release: () => rmSync(inside(PID_FILE), { force: true }),
  };
}

/**
 * Exactly one of several starts gets the file: it is linked whole, never seen empty. What a crash left behind is moved
 * aside first, and only by whoever finds the same dead holder in it.
 */
function claim(file: string, root: string): void {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (let attempt = 1; attempt <= CLAIM_ATTEMPTS; attempt++) {
      if (linked(mine, file)) return;
      const holder = Number(readText(file));
      if (holder === process.pid) return;
      if (holder > 0 && isAlive(holder)) throw homeInUse(root, holder);
      setAside(file, `${mine}.old`, holder);
    }
    throw homeInUse(root, Number(readText(file)));
  } finally {
    rmSync(mine, { force: true });
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a dead holder's file away; puts it back when another start was quicker and it is that one's by now. */
function setAside(file: string, aside: string, holder: number): void {
  try {
    renameSync(file, aside);
  } catch {
    return; // another start moved it
  }
  if (Number(readText(aside)) !== holder) linked(aside, file);
  rmSync(aside, { force: true });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function homeInUse(root: string, holder: number): AppError {
  return new AppError({
    kind: 'conflict',
    code: 'home_in_use',
    message: `${root} is used by another Millrace (process ${holder}): stop that one, or set MILLRACE_HOME and MILLRACE_HTTP_PORT for a second one`,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A number may be reused by a stranger after a crash: only a Node process counts.
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.js');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readOrMakeSecrets(file: string, rng: Rng): HomeSecrets {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<HomeSecrets>) : {};
  const fresh = (): string => Buffer.from(rng.bytes(32)).toString('hex');
  const secrets = {
    principalKey: known.principalKey ?? fresh(),
    pepper: known.pepper ?? fresh(),
    urlKey: known.urlKey ?? fresh(),
  };
  if (JSON.stringify(known) !== JSON.stringify(secrets)) writePrivate(file, JSON.stringify(secrets));
  return secrets;
}

/** Written whole or not at all, readable by its owner only. */
function writePrivate(file: string, text: string): void {
  const scratch = `${file}.new`;
  writeFileSync(scratch, text, { mode: 0o600 });
  chmodSync(scratch, 0o600);
  renameSync(scratch, file);
}
