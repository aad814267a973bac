import { GPU_MILLI } from '../fragmentation/cluster-capacity.js';
import type { GpuBay } from './gpu-bays.js';

/**
 * `count` free GPUs of the NVLink group that has the fewest free and still enough (SCH-41), as a bit mask; 0 when no group
 * has enough, or the bay has one group only. `freeMilli` is read from `offset`.
 */
export function nvlinkMask(bay: GpuBay, freeMilli: Int16Array, offset: number, count: number): number {
  const groups = bay.nvlinkGroups;
  if (count === 0 || !bay.isSplit) return 0;
  let best = -1;
  let bestFree = Infinity;
  for (let gpu = 0; gpu < groups.length; gpu++) {
    const free = countFree(groups, freeMilli, offset, groups[gpu] ?? 0);
    if (free < count || free >= bestFree) continue;
    best = groups[gpu] ?? -1;
    bestFree = free;
  }
  if (bestFree === Infinity) return 0;
  let mask = 0;
  for (let gpu = 0, left = count; gpu < groups.length && left > 0; gpu++) {
    if (groups[gpu] !== best || freeMilli[offset + gpu] !== GPU_MILLI) continue;
    mask |= 1 << gpu;
    left -= 1;
  }
  return mask;
}

/** Most GPUs that are free within one NVLink group. */
export function largestNvlinkRoom(bay: GpuBay, freeMilli: Int16Array, offset: number): number {
  let most = 0;
  for (const group of bay.nvlinkGroups) most = Math.max(most, countFree(bay.nvlinkGroups, freeMilli, offset, group));
  return most;
}

function countFree(groups: readonly number[], freeMilli: Int16Array, offset: number, group: number): number {
  let free = 0;
  for (let gpu = 0; gpu < groups.length; gpu++) {
    if (groups[gpu] === group && freeMilli[offset + gpu] === GPU_MILLI) free += 1;
  }
  return free;
}
