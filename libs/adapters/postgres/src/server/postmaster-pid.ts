import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a running server writes into its data directory (postmaster.pid, Postgres 10 and later). */
export interface PostmasterFile {
  readonly pid: number;
  readonly dataDirectory: string;
  readonly port: number;
  readonly ready: boolean;
}

export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const [pid, dataDirectory, , port, , , , status] = text.split('\n');
  if (!/^\d+$/.test(pid ?? '') || !/^\d+$/.test(port ?? '') || dataDirectory === undefined) return undefined;
  return { pid: Number(pid), dataDirectory, port: Number(port), ready: status?.trim() === 'ready' };
}

/** The server that holds the data directory, or undefined where there is none or its process is gone. */
export async function readPostmasterFile(dataDirectory: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
  const found = parsePostmasterFile(text);
  if (found === undefined || !isAlive(found.pid)) return undefined;
  return (await isPostgres(found.pid)) ? found : undefined;
}

/**
 * Waits until the number of a killed server is free. Until its parent has read its end, a killed process keeps its
 * number, and a new server takes that for a living one. Past the limit the file is removed: nobody reads that end.
 */
export async function forgetKilledServer(dataDirectory: string, limitMs: number): Promise<void> {
  const file = path.join(dataDirectory, 'postmaster.pid');
  const free = await pollFor(limitMs, async () => {
    const found = parsePostmasterFile(await readFile(file, 'utf8').catch(() => ''));
    return found === undefined || !isAlive(found.pid) || (await isPostgres(found.pid)) ? true : undefined;
  });
  if (free === undefined) await rm(file, { force: true });
}

/** Whether the process exists. One of another user counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** After a restart of the machine the pid may be another program's. Where that can't be read, it counts as ours. */
async function isPostgres(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const [commandLine, status] = await Promise.all(
    ['cmdline', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => undefined)),
  );
  // A zombie still has its number, but holds nothing.
  if (status !== undefined && /\) Z /.test(status)) return false;
  return commandLine === undefined || commandLine.includes('postgres');
}

const POLL_MS = 20;

/** Waits until `check` gives something, at most `limitMs`. */
export async function pollFor<Found>(
  limitMs: number,
  check: () => Promise<Found | undefined>,
): Promise<Found | undefined> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
    const found = await check();
    if (found !== undefined) return found;
    await delay(POLL_MS);
  }
  return undefined;
}

/** Smart enough for a server with clients: fast shutdown, then immediate, then SIGKILL, each for a bounded time. */
const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 10_000 },
  { signal: 'SIGQUIT', waitMs: 3_000 },
  { signal: 'SIGKILL', waitMs: 3_000 },
] as const;

/** Stops the server of a data directory by its pid. Resolves when its process is gone. */
export async function stopPostmaster(pid: number, gone: () => Promise<boolean>): Promise<void> {
  for (const { signal, waitMs } of STOP_STEPS) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    if ((await pollFor(waitMs, async () => ((await gone()) ? true : undefined))) === true) return;
  }
}
