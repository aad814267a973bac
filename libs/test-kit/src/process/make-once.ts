import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { sleep, systemClock } from '@millrace/kernel';

const WAIT_MAX_MS = 10 * 60_000;
const POLL_MS = 200;
/** A lock file that stays empty for so long was left by a process that died between making and writing it. */
const EMPTY_LOCK_MAX_MS = 5_000;

/**
 * Makes a folder of the cache once, however many processes ask: one of them makes it, the others wait.
 * `make` fills a folder that then gets its name in one step, so that nobody sees it half-made.
 */
export async function makeOnce(folder: string, make: (unfinished: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  await mkdir(path.dirname(folder), { recursive: true });
  const lock = `${folder}.lock`;
  if (!(await takeLock(lock, folder))) return folder;
  try {
    if (!existsSync(folder)) await makeAndName(folder, make);
  } finally {
    await rm(lock, { force: true });
  }
  return folder;
}

async function makeAndName(folder: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  await make(unfinished);
  await rename(unfinished, folder);
}

/** True when the lock is ours; false when another process made the folder while we waited. */
async function takeLock(lock: string, folder: string): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + WAIT_MAX_MS;
  while (systemClock.monotonicMs() < deadlineMs) {
    if (await tryLock(lock)) return true;
    if (existsSync(folder)) return false;
    if (await isAbandoned(lock)) await rm(lock, { force: true });
    else await sleep(systemClock, POLL_MS);
  }
  throw new Error(`waited ${WAIT_MAX_MS / 60_000} minutes for another process that makes ${folder}`);
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  const holder = await readFile(lock, 'utf8').catch(() => undefined);
  if (holder === undefined) return false;
  if (holder === '') return systemClock.now() - (await stat(lock)).mtimeMs > EMPTY_LOCK_MAX_MS;
  try {
    process.kill(Number(holder), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
