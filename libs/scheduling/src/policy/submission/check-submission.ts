import { FILTER_CODES, type FilterCode } from '../filters/filter-codes.js';
import { bayRefusal, workerRefusal } from '../filters/hard-filters.js';
import { demandOn } from '../placement/class-plans.js';
import { baysOf } from '../placement/gpu-bays.js';
import type { GangLevel, PendingTask, WorkerView } from '../snapshot.js';

/** Machines of one kind that a cluster may have at most, told as one that nothing runs on. */
export interface MachineShape {
  readonly machine: WorkerView;
  readonly count: number;
}

/** What the cluster could take instead; only what is asked for and can be had. */
export interface WouldFit {
  readonly vramMiB?: number;
  readonly gpus?: number;
  readonly gangSize?: number;
  readonly cpuMilli?: number;
  readonly ramMiB?: number;
}

export type SubmissionCode = FilterCode | 'gang_too_large';

export type SubmissionCheck =
  | { readonly kind: 'fits' }
  | { readonly kind: 'refused'; readonly code: SubmissionCode; readonly text: string; readonly wouldFit: WouldFit };

type Asked = Pick<PendingTask, 'taskType' | 'needs' | 'demands' | 'gang'>;

/**
 * Whether the cluster could ever run this, were it empty and grown to its limits: a shape that no capacity will fit is
 * refused when it is submitted, with what would fit, instead of waiting forever.
 */
export function checkSubmission(task: Asked, cluster: readonly MachineShape[]): SubmissionCheck {
  const fitting = cluster.filter(({ machine }) => refusalOf(task, machine) === null);
  if (fitting.length === 0) return refuseTask(task, cluster);
  const size = task.gang?.size ?? 1;
  const most = largestGang(task, fitting);
  if (size <= most) return { kind: 'fits' };
  const level = task.gang?.within ?? 'zone';
  const text = `${size} members of ${task.needs.gpus} GPUs do not fit in one ${level}; ${most} would.`;
  return { kind: 'refused', code: 'gang_too_large', text, wouldFit: { gangSize: most } };
}

function refusalOf(task: Asked, machine: WorkerView): FilterCode | null {
  return workerRefusal(task, { ...machine, alive: true }, baysOf(machine));
}

/** The filter that the closest machine fails at tells why. */
function refuseTask(task: Asked, cluster: readonly MachineShape[]): SubmissionCheck {
  const codes = cluster.map(({ machine }) => refusalOf(task, machine) ?? 'task_type');
  const at = Math.max(...codes.map((code) => FILTER_CODES.indexOf(code)));
  const code = FILTER_CODES[at] ?? 'task_type';
  const closest = cluster.filter((_, index) => codes[index] === code).map(({ machine }) => machine);
  const wouldFit = wouldFitOn(task, code, closest);
  return { kind: 'refused', code, text: textOf(task, code, wouldFit), wouldFit };
}

function wouldFitOn({ needs }: Asked, code: FilterCode, machines: readonly WorkerView[]): WouldFit {
  switch (code) {
    case 'vram':
      return { vramMiB: largest(machines.flatMap((machine) => baysOf(machine).map(({ vramMiB }) => vramMiB))) };
    case 'gpu_count':
    case 'gpu_faulty':
      return { gpus: largest(machines.map(({ gpus }) => gpus)) };
    case 'gpu_use':
      return { gpus: Math.min(1, needs.gpus) };
    case 'cpu':
      return { cpuMilli: largest(machines.map(({ cpuMilli }) => cpuMilli ?? 0)) };
    case 'ram':
      return { ramMiB: largest(machines.map(({ ramMiB }) => ramMiB ?? 0)) };
    default:
      return {};
  }
}

function textOf({ taskType, needs, demands }: Asked, code: FilterCode, fit: WouldFit): string {
  switch (code) {
    case 'vram':
      return `${needs.vramMiB} MiB of GPU memory is more than any GPU or slice has; ${fit.vramMiB} MiB would fit.`;
    case 'gpu_count':
    case 'gpu_faulty':
      return `${needs.gpus} GPUs are more than any machine has; ${fit.gpus} would fit.`;
    case 'gpu_use':
      return `Only MIG slices are there: a task takes one slice, and says that it accepts one.`;
    case 'cpu':
      return `${demands?.cpuMilli} thousandths of a CPU are more than any machine has; ${fit.cpuMilli} would fit.`;
    case 'ram':
      return `${demands?.ramMiB} MiB of memory is more than any machine has; ${fit.ramMiB} MiB would fit.`;
    default:
      return `No machine that serves ${taskType} passes what is asked for: ${code}.`;
  }
}

function largestGang(task: Asked, fitting: readonly MachineShape[]): number {
  const within: GangLevel = task.gang?.within ?? 'zone';
  if (within === 'nvlink' || within === 'node') return largest(fitting.map(({ machine }) => emptyRoom(task, machine)));
  const name = ({ machine }: MachineShape): string =>
    within === 'rack' ? `${machine.zone}/${machine.rack}` : `${machine.zone}`;
  const domains = [...Map.groupBy(fitting, name).values()];
  return largest(
    domains.map((members) => members.reduce((sum, { machine, count }) => sum + count * emptyRoom(task, machine), 0)),
  );
}

/** Tasks of this kind that an empty machine takes at once. */
function emptyRoom(task: Asked, machine: WorkerView): number {
  const rooms = baysOf(machine).map((bay, at) => {
    if (bayRefusal(task, machine, bay, at === 0) !== null) return 0;
    const { gpus, gpuMilli } = demandOn(task, machine, bay);
    const parts = bay.devices.length * Math.floor(1000 / Math.max(1, gpuMilli));
    return gpus === 0 ? machine.slots : Math.floor(parts / gpus);
  });
  const { cpuMilli = 0, ramMiB = 0 } = task.demands ?? {};
  const byCpu = cpuMilli === 0 ? Infinity : (machine.cpuMilli ?? Infinity) / cpuMilli;
  const byRam = ramMiB === 0 ? Infinity : (machine.ramMiB ?? Infinity) / ramMiB;
  const byGpus = rooms.reduce((sum, room) => sum + room, 0);
  return Math.floor(Math.min(machine.slots, byGpus, byCpu, byRam));
}

function largest(numbers: readonly number[]): number {
  return Math.max(0, ...numbers);
}
