import type { GpuBay } from '../placement/gpu-bays.js';
import type { GpuUse, PendingTask, WorkerView } from '../snapshot.js';
import { FILTER_CODES, type FilterCode } from './filter-codes.js';
import { compareVersions } from './software-version.js';

/** The part of a task that filters look at. */
export type FilteredTask = Pick<PendingTask, 'taskType' | 'needs' | 'demands'>;

/** Workers with this taint take GPU work only; a task that asks for GPUs tolerates it without saying so (SCH-47). */
export const GPU_TAINT = 'nvidia.com/gpu';
/** Online inference shares a GPU once it was measured idle for so much of its time (SCH-48; use below 60 %: B20). */
export const SHARING_IDLE_PERCENT = 40;

type WorkerFilter = readonly [code: FilterCode, passes: (task: FilteredTask, worker: WorkerView) => boolean];

/** In the order of FILTER_CODES. What the worker or the task does not tell of passes. */
const WORKER_FILTERS: readonly WorkerFilter[] = [
  ['not_alive', (_, worker) => worker.alive],
  ['task_type', (task, worker) => worker.taskTypes.includes(task.taskType)],
  ['pool', ({ demands }, worker) => demands?.pool === undefined || demands.pool === worker.pool],
  ['purpose', ({ demands }, worker) => worker.purpose === undefined || worker.purpose === demands?.purpose],
  ['taint', (task, worker) => (worker.taints ?? []).every((taint) => tolerates(task, taint))],
  ['label', ({ demands }, worker) => hasLabels(worker, demands?.labels)],
  ['gpu_type', ({ demands }, worker) => demands?.gpuTypes?.includes(worker.gpuType ?? '') ?? true],
  ['driver_floor', ({ demands }, worker) => reaches(worker.driver, demands?.minDriver)],
  ['cuda_floor', ({ demands }, worker) => reaches(worker.cuda, demands?.minCuda)],
];

function tolerates(task: FilteredTask, taint: string): boolean {
  if (taint === GPU_TAINT && task.needs.gpus > 0) return true;
  return task.demands?.tolerations?.includes(taint) ?? false;
}

function hasLabels(worker: WorkerView, wanted: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([name, value]) => worker.labels?.[name] === value);
}

/** A floor is passed by a version that is known only: a node that does not tell its driver is not eligible (TYP-24). */
function reaches(version: string | undefined, floor: string | undefined): boolean {
  return floor === undefined || (version !== undefined && compareVersions(version, floor) >= 0);
}

/** The isolation a task must have on this worker: training always whole GPUs (SCH-42), inference until idle (SCH-48). */
export function gpuUseOn(task: FilteredTask, worker: WorkerView): GpuUse {
  const { purpose, gpuUse = 'whole' } = task.demands ?? {};
  if (purpose === 'training') return 'whole';
  const mayShare = purpose !== 'inference' || (worker.measuredIdlePercent ?? 0) >= SHARING_IDLE_PERCENT;
  return gpuUse === 'shared' && !mayShare ? 'slice' : gpuUse;
}

/** Why this bay of the worker never takes the task, or null. `isFirst`: it also serves tasks without a GPU. */
export function bayRefusal(task: FilteredTask, worker: WorkerView, bay: GpuBay, isFirst: boolean): FilterCode | null {
  const { gpus, vramMiB } = task.needs;
  if (gpus === 0 && bay.mode !== 'slots') return isFirst ? null : 'gpu_count';
  const count = bay.mode === 'slots' ? worker.gpus : bay.devices.length;
  if (count < gpus) return (worker.devices?.length ?? 0) >= gpus && hasFaults(worker) ? 'gpu_faulty' : 'gpu_count';
  if (bay.mode === 'mig' && (gpus !== 1 || gpuUseOn(task, worker) === 'whole')) return 'gpu_use';
  return bay.vramMiB < vramMiB ? 'vram' : null;
}

function hasFaults(worker: WorkerView): boolean {
  return worker.devices?.some(({ faulty }) => faulty === true) ?? false;
}

/** The first filter that refuses the worker however idle it is, or null: it fits once something of it is free. */
export function workerRefusal(task: FilteredTask, worker: WorkerView, bays: readonly GpuBay[]): FilterCode | null {
  for (const [code, passes] of WORKER_FILTERS) if (!passes(task, worker)) return code;
  const ofBays = bays.map((bay, at) => bayRefusal(task, worker, bay, at === 0));
  if (!ofBays.includes(null)) return bays.length === 0 ? emptyRefusal(task, worker) : furthest(ofBays);
  const { cpuMilli = 0, ramMiB = 0 } = task.demands ?? {};
  if (cpuMilli > (worker.cpuMilli ?? Infinity)) return 'cpu';
  return ramMiB > (worker.ramMiB ?? Infinity) ? 'ram' : null;
}

/** All its GPUs are out of service, or it has none: one that is partitioned and has no slice is no GPU to run on. */
function emptyRefusal({ needs }: FilteredTask, { devices = [] }: WorkerView): FilterCode {
  const usable = devices.filter(({ mode, slices = [] }) => mode !== 'mig' || slices.length > 0);
  return usable.length >= Math.max(1, needs.gpus) ? 'gpu_faulty' : 'gpu_count';
}

/** The bay that came closest tells why. */
function furthest(codes: readonly (FilterCode | null)[]): FilterCode {
  const at = Math.max(...codes.map((code) => (code === null ? -1 : FILTER_CODES.indexOf(code))));
  return FILTER_CODES[at] ?? 'gpu_count';
}
