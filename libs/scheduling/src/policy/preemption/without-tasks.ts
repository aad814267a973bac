import { GPU_MILLI } from '../fragmentation/cluster-capacity.js';
import { SHARERS_LIMIT } from '../placement/gpu-bays.js';
import type { GpuView, RunningTask, SliceView, WorkerView } from '../snapshot.js';

/** The worker as it will be when these tasks of it have ended. */
export function withoutTasks(worker: WorkerView, ended: readonly RunningTask[]): WorkerView {
  if (ended.length === 0) return worker;
  const cpuMilli = ended.reduce((sum, { demands }) => sum + (demands?.cpuMilli ?? 0), 0);
  const ramMiB = ended.reduce((sum, { demands }) => sum + (demands?.ramMiB ?? 0), 0);
  const devices = worker.devices?.map((gpu, at) => ended.reduce((left, task) => freed(worker, left, task, at), gpu));
  return {
    ...worker,
    usedSlots: Math.max(0, worker.usedSlots - ended.length),
    ...(worker.freeCpuMilli === undefined ? {} : { freeCpuMilli: worker.freeCpuMilli + cpuMilli }),
    ...(worker.freeRamMiB === undefined ? {} : { freeRamMiB: worker.freeRamMiB + ramMiB }),
    ...(devices === undefined ? {} : { devices }),
    ...(worker.running === undefined ? {} : { running: worker.running.filter((task) => !ended.includes(task)) }),
  };
}

function freed(worker: WorkerView, gpu: GpuView, task: RunningTask, at: number): GpuView {
  if (task.devices?.includes(at) !== true) return gpu;
  if (gpu.mode === 'mig') return { ...gpu, slices: withoutOne(gpu.slices ?? [], task.needs.vramMiB) };
  if (gpu.mode !== 'shared') return { ...gpu, freeMilli: GPU_MILLI, freeVramMiB: worker.vramMiB };
  const whole = task.demands?.gpuUse !== 'shared';
  const milli = whole ? GPU_MILLI : Math.max(task.demands?.gpuMilli ?? 0, GPU_MILLI / SHARERS_LIMIT);
  return {
    ...gpu,
    freeMilli: Math.min(GPU_MILLI, gpu.freeMilli + milli),
    freeVramMiB: Math.min(worker.vramMiB, gpu.freeVramMiB + task.needs.vramMiB),
    sharers: Math.max(0, (gpu.sharers ?? 0) - 1),
  };
}

/** The smallest busy slice that holds so much: what such a task was given. */
function withoutOne(slices: readonly SliceView[], vramMiB: number): readonly SliceView[] {
  const holding = slices.filter((slice) => slice.busy && slice.vramMiB >= vramMiB);
  const smallest = Math.min(...holding.map((slice) => slice.vramMiB));
  const at = slices.findIndex((slice) => slice.busy && slice.vramMiB === smallest);
  return slices.map((slice, other) => (other === at ? { ...slice, busy: false } : slice));
}
