import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import {
  bytesOfLimit,
  cpuMilliOfMax,
  cpuMilliOfQuota,
  groupFolders,
  leastOf,
  type GroupLimits,
} from './cgroup-limits.js';

export interface HostFacts {
  readonly cpuMilli: number;
  readonly ramMiB: number;
}

/** The text of a file; undefined where it can not be read. */
export type ReadText = (path: string) => Promise<string | undefined>;

const MIB = 2 ** 20;
/** Memory is sold in multiples of this; up to so much of it is kept from users. */
const NOMINAL_STEP_MIB = 4 * 1_024;
const KEPT_PART = 0.04;

/**
 * CPU and memory that this process may use: a limit of its container or service counts, not what the machine has
 * (TYP-23: a pod of 8 CPUs and 32 GiB on a larger node).
 */
export async function readHostFacts(readText: ReadText = readTextFile): Promise<HostFacts> {
  const limits = await readGroupLimits(readText);
  return {
    cpuMilli: Math.min(1_000 * availableParallelism(), limits.cpuMilli ?? Infinity),
    ramMiB: Math.max(
      1,
      Math.min(nominalMiB(Math.floor(totalmem() / MIB)), Math.floor((limits.memoryBytes ?? Infinity) / MIB)),
    ),
  };
}

/**
 * The memory a machine is sold with, of what its kernel shows: firmware and kernel keep a few per cent for themselves, so
 * that one of 32 GiB shows 31,700 MiB, and a task type that asks for `ramGiB: 32` would wait for ever. A limit that was set
 * for a container is meant as it is, and is not rounded.
 */
export function nominalMiB(shownMiB: number): number {
  const nextMiB = NOMINAL_STEP_MIB * Math.ceil(shownMiB / NOMINAL_STEP_MIB);
  return nextMiB - shownMiB <= KEPT_PART * nextMiB ? nextMiB : shownMiB;
}

/** From both versions of control groups; a machine without them has no limits. */
export async function readGroupLimits(readText: ReadText): Promise<GroupLimits> {
  const folders = groupFolders((await readText('/proc/self/cgroup')) ?? '');
  const each = async (
    paths: readonly string[],
    read: (folder: string) => Promise<number | undefined>,
  ): Promise<number | undefined> => leastOf(await Promise.all(paths.map(read)));
  const parsed = async (path: string, parse: (text: string) => number | undefined): Promise<number | undefined> => {
    const text = await readText(path);
    return text === undefined ? undefined : parse(text);
  };
  const cpuMilli = leastOf([
    await each(folders.unified, (folder) => parsed(`${folder}/cpu.max`, cpuMilliOfMax)),
    await each(folders.cpu, async (folder) => {
      const [quota, period] = await Promise.all(
        ['quota', 'period'].map((of) => readText(`${folder}/cpu.cfs_${of}_us`)),
      );
      return quota === undefined || period === undefined ? undefined : cpuMilliOfQuota(quota, period);
    }),
  ]);
  const memoryBytes = leastOf([
    await each(folders.unified, (folder) => parsed(`${folder}/memory.max`, bytesOfLimit)),
    await each(folders.memory, (folder) => parsed(`${folder}/memory.limit_in_bytes`, bytesOfLimit)),
  ]);
  return { ...(cpuMilli === undefined ? {} : { cpuMilli }), ...(memoryBytes === undefined ? {} : { memoryBytes }) };
}

async function readTextFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
