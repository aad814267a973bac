import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS_PER_S = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
/** Fields of /proc/<pid>/stat after the command: user, system, and both of the children that ended and were awaited. */
const TIMES_FROM = 11;
const TIMES_COUNT = 4;
const BYTES_PER_KIB = 1024;

/** Memory of a set of processes. RSS counts what they share once for each of them, PSS once in all. */
export interface Memory {
  readonly rssBytes: number;
  readonly pssBytes: number;
}

/**
 * CPU time in µs that the processes and their ended children have used. Of two readings of a whole family the difference
 * is what it used in between, whoever came and went: a child's time goes to its parent when it ends. Each process is
 * counted in ticks, mostly of 10 ms.
 */
export function cpuMicros(pids: readonly number[]): number {
  const ticks = pids.reduce((sum, pid) => sum + ticksOf(pid), 0);
  return (ticks * 1_000_000) / TICKS_PER_S;
}

function ticksOf(pid: number): number {
  const stat = readOf(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(TIMES_FROM, TIMES_FROM + TIMES_COUNT).reduce((sum, field) => sum + Number(field), 0);
}

/** What the processes hold in memory, in bytes. One that has ended counts nothing. */
export function memoryOf(pids: readonly number[]): Memory {
  const rollups = pids.map((pid) => readOf(pid, 'smaps_rollup'));
  return { rssBytes: sumOf(rollups, /^Rss:\s+(\d+) kB/m), pssBytes: sumOf(rollups, /^Pss:\s+(\d+) kB/m) };
}

function sumOf(rollups: readonly string[], field: RegExp): number {
  return rollups.reduce((sum, text) => sum + Number(field.exec(text)?.[1] ?? 0) * BYTES_PER_KIB, 0);
}

/** What a process is, in a word or two, for tables. */
export function roleOf(pid: number): string {
  const command = readOf(pid, 'cmdline').replaceAll('\0', ' ').trim();
  if (command.includes('worker-main.js')) return 'worker';
  if (command.includes('standalone/dist/main.js')) return 'main';
  if (command.includes('ffmpeg')) return 'ffmpeg';
  return 'postgres';
}

/** Empty for a process that has ended. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
