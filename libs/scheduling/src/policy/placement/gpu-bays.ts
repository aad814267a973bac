import type { WorkerView } from '../snapshot.js';

/** GPUs of a bay at most: a set of them is a bit mask. */
export const BAY_GPUS_LIMIT = 16;

/** `slots`: the worker tells of no GPUs, its slots alone bound what runs at once. */
export type BayMode = 'slots' | 'whole' | 'shared' | 'mig';

/**
 * GPUs, or MIG slices of one size, of a worker that are given out alike. Memory of a slice is the slice's own (SCH-43), so
 * a slice counts as a small GPU.
 */
export interface GpuBay {
  readonly mode: BayMode;
  /** Per GPU or slice. */
  readonly vramMiB: number;
  /** Position in `devices` of each member; a partitioned GPU comes once for each of its slices. */
  readonly devices: readonly number[];
  /** Unused thousandths of each member; of a `shared` GPU the lesser of time and memory that is left. */
  readonly freeMilli: readonly number[];
  /** NVLink group of each member. */
  readonly nvlinkGroups: readonly number[];
  /** Its members are not all in one NVLink group. */
  readonly isSplit: boolean;
}

const MILLI = 1000;
/** Tasks on one time-sliced GPU at most (SCH-42). */
export const SHARERS_LIMIT = 4;

/** The worker's bays, in an order that depends on nothing but its GPUs. Faulty GPUs are in none (SCH-50). */
export function baysOf(worker: WorkerView): readonly GpuBay[] {
  if (worker.devices === undefined) {
    return [{ mode: 'slots', vramMiB: worker.vramMiB, devices: [], freeMilli: [], nvlinkGroups: [], isSplit: false }];
  }
  const members = worker.devices.flatMap((device, at) => membersOf(worker, device, at));
  const groups = Map.groupBy(members, ({ mode, vramMiB }) => `${mode}/${vramMiB}`);
  return [...groups.values()].flatMap((group) => chunksOf(group).map(toBay));
}

interface Member {
  readonly mode: BayMode;
  readonly vramMiB: number;
  readonly device: number;
  readonly freeMilli: number;
  readonly nvlinkGroup: number;
}

function membersOf(
  worker: WorkerView,
  gpu: NonNullable<WorkerView['devices']>[number],
  device: number,
): readonly Member[] {
  if (gpu.faulty === true) return [];
  const nvlinkGroup = gpu.nvlinkGroup ?? 0;
  if (gpu.mode === 'mig') {
    return (gpu.slices ?? []).map(({ vramMiB, busy }) => {
      return { mode: 'mig', vramMiB, device, freeMilli: busy ? 0 : MILLI, nvlinkGroup };
    });
  }
  const mode = gpu.mode ?? 'whole';
  return [{ mode, vramMiB: worker.vramMiB, device, freeMilli: freeOf(worker, gpu, mode), nvlinkGroup }];
}

/** A whole GPU is free or not; of a shared one what both its time and its memory still allow. */
function freeOf(worker: WorkerView, gpu: NonNullable<WorkerView['devices']>[number], mode: 'whole' | 'shared'): number {
  const memory = worker.vramMiB === 0 ? MILLI : Math.floor((MILLI * gpu.freeVramMiB) / worker.vramMiB);
  const free = Math.max(0, Math.min(MILLI, gpu.freeMilli, memory));
  if (mode === 'whole') return free === MILLI ? MILLI : 0;
  return (gpu.sharers ?? 0) >= SHARERS_LIMIT ? 0 : free;
}

function chunksOf(members: readonly Member[]): readonly (readonly Member[])[] {
  return Array.from({ length: Math.ceil(members.length / BAY_GPUS_LIMIT) }, (_, at) =>
    members.slice(at * BAY_GPUS_LIMIT, (at + 1) * BAY_GPUS_LIMIT),
  );
}

function toBay(members: readonly Member[]): GpuBay {
  return {
    mode: members[0]?.mode ?? 'whole',
    vramMiB: members[0]?.vramMiB ?? 0,
    devices: members.map(({ device }) => device),
    freeMilli: members.map(({ freeMilli }) => freeMilli),
    nvlinkGroups: members.map(({ nvlinkGroup }) => nvlinkGroup),
    isSplit: members.some(({ nvlinkGroup }) => nvlinkGroup !== members[0]?.nvlinkGroup),
  };
}
