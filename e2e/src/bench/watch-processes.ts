import { readdirSync, readFileSync } from 'node:fs';

const KIB_PER_MIB = 1024;
const MS_PER_MINUTE = 60_000;

export interface ProcessSample {
  readonly atMs: number;
  readonly rssMiB: number;
  readonly openFiles: number;
}

/** Memory and open files of a process, from /proc. Undefined when it is gone. */
export function sampleProcess(pid: number, atMs: number): ProcessSample | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const rssKiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    return { atMs, rssMiB: rssKiB / KIB_PER_MIB, openFiles: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

export interface ProcessTrend {
  readonly firstRssMiB: number;
  readonly lastRssMiB: number;
  readonly maxRssMiB: number;
  /** Least squares over the second half of the run, when caches and heaps are warm. */
  readonly slopeMiBPerMinute: number;
  readonly openFilesFirst: number;
  readonly openFilesLast: number;
}

export function trendOf(samples: readonly ProcessSample[]): ProcessTrend | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const warm = samples.slice(Math.floor(samples.length / 2));
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    firstRssMiB: round(first.rssMiB),
    lastRssMiB: round(last.rssMiB),
    maxRssMiB: round(Math.max(...samples.map(({ rssMiB }) => rssMiB))),
    slopeMiBPerMinute: Math.round(slope(warm.map(({ atMs, rssMiB }) => [atMs / MS_PER_MINUTE, rssMiB])) * 100) / 100,
    openFilesFirst: first.openFiles,
    openFilesLast: last.openFiles,
  };
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const product = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return spread === 0 ? 0 : product / spread;
}
