/** What the groups of a process allow it; absent: no limit. */
export interface GroupLimits {
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
}

/** Groups above a process that are looked at; real hierarchies are a handful deep. */
const DEPTH_MAX = 32;
/** The first version writes a number near 2^63 where there is no limit. */
const NO_MEMORY_LIMIT_FROM = 2 ** 60;

/**
 * The folders that hold the limits of a process, from `/proc/self/cgroup`: its own group and all above it, since the
 * least of them counts. A container sees its own group as the root.
 */
export function groupFolders(procSelfCgroup: string): {
  readonly unified: readonly string[];
  readonly cpu: readonly string[];
  readonly memory: readonly string[];
} {
  const lines = procSelfCgroup.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const pathOf = (controller: string): string =>
    lines.find((match) => match?.[1]?.split(',').includes(controller) === true)?.[2] ?? '/';
  return {
    unified: upwards('/sys/fs/cgroup', pathOf('')),
    cpu: upwards('/sys/fs/cgroup/cpu', pathOf('cpu')),
    memory: upwards('/sys/fs/cgroup/memory', pathOf('memory')),
  };
}

function upwards(root: string, path: string): readonly string[] {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .slice(0, DEPTH_MAX);
  return Array.from({ length: parts.length + 1 }, (_, at) => [root, ...parts.slice(0, parts.length - at)].join('/'));
}

/** `cpu.max`: `200000 100000` is 2 CPUs; `max 100000` is no limit. */
export function cpuMilliOfMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return milliOf(quota, period ?? 100_000);
}

/** `cpu.cfs_quota_us` (-1: no limit) and `cpu.cfs_period_us`. */
export function cpuMilliOfQuota(quota: string, period: string): number | undefined {
  return milliOf(Number(quota.trim()), Number(period.trim()));
}

function milliOf(quota: number | undefined, period: number): number | undefined {
  if (quota === undefined || !Number.isFinite(quota) || quota <= 0 || !(period > 0)) return undefined;
  return Math.max(1, Math.floor((1_000 * quota) / period));
}

/** `memory.max` or `memory.limit_in_bytes`. */
export function bytesOfLimit(text: string): number | undefined {
  const bytes = Number(text.trim());
  return Number.isFinite(bytes) && bytes > 0 && bytes < NO_MEMORY_LIMIT_FROM ? bytes : undefined;
}

/** The least of several limits. */
export function leastOf(limits: readonly (number | undefined)[]): number | undefined {
  const known = limits.filter((limit) => limit !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
