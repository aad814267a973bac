import type { DurationMs, Instant } from '@millrace/kernel';
import type { ResourceNeeds } from '../domain/task.js';
import { GPU_MILLI } from '../policy/fragmentation/cluster-capacity.js';
import { COMPUTE_SLICES } from '../policy/mig/mig-profiles.js';
import { SHARERS_LIMIT } from '../policy/placement/gpu-bays.js';
import { chargeOf } from '../policy/quotas/quota-book.js';
import type { GpuView, QuotaView, RunningTask, SliceView, TaskDemands, WorkerView } from '../policy/snapshot.js';
import type { RunningLease } from './ports/lease-store.port.js';
import type { RegisteredGpu, WorkerWithLeases } from './ports/worker-store.port.js';
import type { QuotaLimit, SchedulingPolicy } from './scheduling-policy.js';

/** A worker that was told to stop a task and still runs it after so long does not know the command: it is not counted on. */
const STOP_PATIENCE_MS: DurationMs = 120_000;

type Demands = SchedulingPolicy['demands'];

/** Whether a worker tells of more than its slots, so that what it has left follows from what it runs. */
export function tellsResources({ traits }: WorkerWithLeases): boolean {
  return traits.devices !== undefined || traits.cpuMilli !== undefined || traits.ramMiB !== undefined;
}

/** What it has of CPU, memory and each GPU beside what its leases hold. */
export function resourcesOf(
  worker: WorkerWithLeases,
  held: readonly RunningLease[],
  demands: Demands,
): Partial<WorkerView> {
  const { devices, faults = [], cpuMilli, ramMiB } = worker.traits;
  const faulty = new Set(faults.map(({ gpu }) => gpu));
  const used = (of: 'cpuMilli' | 'ramMiB'): number =>
    held.reduce((sum, { taskType }) => sum + (demands.get(taskType)?.[of] ?? 0), 0);
  return {
    ...(cpuMilli === undefined ? {} : { cpuMilli, freeCpuMilli: Math.max(0, cpuMilli - used('cpuMilli')) }),
    ...(ramMiB === undefined ? {} : { ramMiB, freeRamMiB: Math.max(0, ramMiB - used('ramMiB')) }),
    ...(devices === undefined
      ? outOfService(worker)
      : {
          devices: devices.map((gpu, at) =>
            gpuView(faulty.has(at) ? { ...gpu, faulty: true } : gpu, at, worker.vramMiB, held, demands),
          ),
        }),
  };
}

/** Slots alone say nothing of GPUs: with one of them faulty, nobody knows what would run on it, and none is given work. */
function outOfService({ gpus, traits }: WorkerWithLeases): Partial<WorkerView> {
  if ((traits.faults?.length ?? 0) === 0) return {};
  return { devices: Array.from({ length: gpus }, () => ({ freeMilli: 0, freeVramMiB: 0, faulty: true })) };
}

function gpuView(
  gpu: RegisteredGpu,
  at: number,
  vramMiB: number,
  held: readonly RunningLease[],
  demands: Demands,
): GpuView {
  const here = held.filter(({ devices }) => devices?.includes(at) === true);
  const link = {
    ...(gpu.nvlinkGroup === undefined ? {} : { nvlinkGroup: gpu.nvlinkGroup }),
    ...(gpu.faulty === undefined ? {} : { faulty: gpu.faulty }),
  };
  if (gpu.mode === 'mig') return { mode: 'mig', freeMilli: 0, freeVramMiB: 0, slices: slicesOf(gpu, here), ...link };
  if (gpu.mode === 'whole') {
    const free = here.length === 0;
    return { mode: 'whole', freeMilli: free ? GPU_MILLI : 0, freeVramMiB: free ? vramMiB : 0, ...link };
  }
  const milli = here.reduce((sum, lease) => sum + milliOf(demands.get(lease.taskType)), 0);
  const usedMiB = here.reduce((sum, { needs }) => sum + needs.vramMiB, 0);
  return {
    mode: 'shared',
    freeMilli: Math.max(0, GPU_MILLI - milli),
    freeVramMiB: Math.max(0, vramMiB - usedMiB),
    sharers: here.length,
    ...link,
  };
}

/** A task that may share holds at least its part of the places there are; another holds the whole GPU. */
function milliOf(demands: TaskDemands | undefined): number {
  return demands?.gpuUse === 'shared' ? Math.max(demands.gpuMilli ?? 0, GPU_MILLI / SHARERS_LIMIT) : GPU_MILLI;
}

/**
 * What a task that is given these GPUs of a worker is granted of each, in thousandths: as the next cycle will count it. Of a
 * MIG GPU the compute of its smallest slice that holds the task; what the profile does not say is taken by the memory.
 * Undefined where the worker tells of none.
 */
export function grantedMilli(
  { vramMiB, traits }: Pick<WorkerWithLeases, 'vramMiB' | 'traits'>,
  devices: readonly number[] | undefined,
  needs: ResourceNeeds,
  demands: TaskDemands | undefined,
): readonly number[] | undefined {
  const told = traits.devices;
  if (told === undefined || devices === undefined) return undefined;
  return devices.map((at) => {
    const gpu = told[at];
    if (gpu?.mode === 'mig') return sliceMilli(gpu, vramMiB, needs);
    return gpu?.mode === 'shared' ? milliOf(demands) : GPU_MILLI;
  });
}

function sliceMilli(gpu: RegisteredGpu, vramMiB: number, needs: ResourceNeeds): number {
  const { slicesMiB = [], profiles = [] } = gpu;
  const holding = slicesMiB.map((sizeMiB, at) => ({ sizeMiB, name: profiles[at] }));
  const [slice] = holding.filter(({ sizeMiB }) => sizeMiB >= needs.vramMiB).toSorted((a, b) => a.sizeMiB - b.sizeMiB);
  if (slice === undefined) return 0;
  const compute = Number(/^(\d+)g\./.exec(slice.name ?? '')?.[1]);
  if (!Number.isNaN(compute)) return Math.floor((GPU_MILLI * Math.min(compute, COMPUTE_SLICES)) / COMPUTE_SLICES);
  return vramMiB === 0 ? 0 : Math.min(GPU_MILLI, Math.floor((GPU_MILLI * slice.sizeMiB) / vramMiB));
}

/** Each task has the smallest slice that holds it: as it was given. The largest are seated first, so that none is left over. */
function slicesOf({ slicesMiB = [] }: RegisteredGpu, held: readonly RunningLease[]): readonly SliceView[] {
  const slices = slicesMiB.toSorted((a, b) => a - b).map((vramMiB) => ({ vramMiB, busy: false }));
  for (const { needs } of held.toSorted((a, b) => b.needs.vramMiB - a.needs.vramMiB)) {
    const slice = slices.find(({ busy, vramMiB }) => !busy && vramMiB >= needs.vramMiB);
    if (slice !== undefined) slice.busy = true;
  }
  return slices;
}

/** A lease as preemption sees it. What it ran since it last told of its GPU time is not known to be stored. */
export function toRunningTask(
  lease: RunningLease,
  { preemption, demands }: Pick<SchedulingPolicy, 'preemption' | 'demands'>,
  now: Instant,
): RunningTask {
  const { taskId: id, taskType, priority, needs, devices, preemptions, stopAskedAt } = lease;
  const startedAt = lease.startedAt ?? lease.leasedAt;
  const wants = demands.get(taskType);
  return {
    ...{ id, taskType, priority, needs, startedAt, preemptions },
    preemptible: preemption?.priorities.includes(priority) ?? false,
    expectedEndAt: startedAt + Math.round(lease.prediction.p90GpuMs / Math.max(1, needs.gpus)),
    unsavedMs: Math.max(0, now - startedAt - lease.gpuMs),
    ...(stopAskedAt !== null && now - stopAskedAt < STOP_PATIENCE_MS ? { stopping: true } : {}),
    ...(devices === undefined ? {} : { devices }),
    ...(wants === undefined ? {} : { demands: wants }),
  };
}

/** The quotas with what their tenants and namespaces hold now. */
export function quotasInUse(
  limits: readonly QuotaLimit[],
  held: readonly RunningLease[],
  demands: Demands,
): readonly QuotaView[] {
  return limits.map((limit) => {
    const own = held.filter((lease) => (limit.scope === 'tenant' ? lease.tenantId : lease.costCentre) === limit.name);
    const charges = own.map(({ needs, taskType }) => {
      const wants = demands.get(taskType);
      return chargeOf(wants === undefined ? { needs } : { needs, demands: wants });
    });
    const used = (of: 'gpuMilli' | 'cpuMilli' | 'ramMiB'): number =>
      charges.reduce((sum, charge) => sum + charge[of], 0);
    return {
      ...limit,
      usedGpuMilli: used('gpuMilli'),
      usedCpuMilli: used('cpuMilli'),
      usedRamMiB: used('ramMiB'),
      usedTasks: own.length,
    };
  });
}
