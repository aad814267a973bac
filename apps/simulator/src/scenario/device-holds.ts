import type { TaskTypeSpec } from './scenario.js';
import type { Device, DeviceHold, SimulatedWorker } from './world.js';

const WHOLE_MILLI = 1_000;
/** A time slice where the task says nothing: four on a GPU (SCH-42). */
export const SHARED_MILLI_DEFAULT = 250;

/**
 * What a task would hold on this worker: the devices that are named, else the first that have room.
 * Undefined: it doesn't fit, so whoever placed it there oversubscribed the worker.
 */
export function findHolds(
  worker: SimulatedWorker,
  type: TaskTypeSpec,
  named?: readonly number[],
): readonly DeviceHold[] | undefined {
  if ((type.cpuMilli ?? 0) > worker.freeCpuMilli || (type.ramMiB ?? 0) > worker.freeRamMiB) return undefined;
  const holds: DeviceHold[] = [];
  for (const index of named ?? worker.devices.keys()) {
    const device = worker.devices[index];
    const hold = device === undefined ? undefined : holdOn(device, index, type);
    if (hold !== undefined) holds.push(hold);
    if (holds.length === type.gpus) return holds;
  }
  return undefined;
}

function holdOn(device: Device, index: number, type: TaskTypeSpec): DeviceHold | undefined {
  if (device.mode === 'mig') {
    const slice = smallestFreeSlice(device, type.vramMiB);
    return slice === undefined ? undefined : { index, milli: 0, vramMiB: type.vramMiB, slice };
  }
  const milli =
    type.gpuUse === 'shared' && device.mode === 'shared' ? (type.gpuMilli ?? SHARED_MILLI_DEFAULT) : WHOLE_MILLI;
  const fits = device.freeMilli >= milli && device.freeVramMiB >= type.vramMiB;
  return fits ? { index, milli, vramMiB: type.vramMiB, slice: undefined } : undefined;
}

function smallestFreeSlice({ slices }: Device, vramMiB: number): number | undefined {
  let best: number | undefined;
  for (const [index, slice] of slices.entries())
    if (!slice.busy && slice.vramMiB >= vramMiB && slice.vramMiB < (slices[best ?? -1]?.vramMiB ?? Infinity))
      best = index;
  return best;
}

/** Takes (1) or gives back (-1) what is held. */
export function moveHolds(
  worker: SimulatedWorker,
  type: TaskTypeSpec,
  holds: readonly DeviceHold[],
  sign: 1 | -1,
): void {
  worker.freeCpuMilli -= sign * (type.cpuMilli ?? 0);
  worker.freeRamMiB -= sign * (type.ramMiB ?? 0);
  for (const { index, milli, vramMiB, slice } of holds) {
    const device = worker.devices[index];
    if (device === undefined) continue;
    if (slice === undefined) {
      device.freeMilli -= sign * milli;
      device.freeVramMiB -= sign * vramMiB;
      device.sharers += sign;
      continue;
    }
    const cut = device.slices[slice];
    if (cut !== undefined) cut.busy = sign > 0;
  }
}

/** A worker's GPUs, all free. */
export function freeDevices(pool: SimulatedWorker['pool']): readonly Device[] {
  return Array.from({ length: pool.gpus }, () => ({
    mode: pool.sharing.kind,
    freeMilli: WHOLE_MILLI,
    freeVramMiB: pool.vramMiB,
    sharers: 0,
    slices: pool.sharing.kind === 'mig' ? pool.sharing.sliceVramMiB.map((vramMiB) => ({ vramMiB, busy: false })) : [],
  }));
}
