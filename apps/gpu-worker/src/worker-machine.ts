import { createNvidiaProbe, createProgramRunner, createVirtualProbe, readHostFacts } from '@millrace/adapter-machine';
import type { WorkerSettings, WorkerTraits } from '@millrace/execution';
import type { MachineFacts, MachineProbe, ProbedGpu } from '@millrace/execution/ports';
import { AppError } from '@millrace/kernel';
import type { HostParts } from '@millrace/platform';
import type { GpuWorkerSettings } from './gpu-worker.settings.js';

/** What settings and machine make of a worker together. */
export type WorkerMachine = Pick<WorkerSettings, 'gpuType' | 'gpus' | 'vramMiB' | 'slots'> & {
  readonly traits: WorkerTraits;
  readonly gpuIds: readonly string[];
};

type Device = NonNullable<WorkerTraits['devices']>[number];

/** Tasks on one shared GPU (SCH-42); the scheduler gives it no more. */
const SHARERS = 4;
/** GPUs that a registration tells one by one, and attempts at once, at most. */
const DEVICES_MAX = 31;
const SLOTS_MAX = 64;
const COMPUTE_PARTS = 7;

const VIRTUAL = { gpuType: 'virtual', gpus: 1, vramMiB: 81_920 } as const;

/** The machine as the settings want it looked at. */
export function createMachineProbe(settings: GpuWorkerSettings, { clock, logger }: HostParts): MachineProbe {
  const { gpuIds: only, migProfiles } = settings;
  if (settings.gpuSource === 'nvidia') {
    const run = createProgramRunner(clock);
    return createNvidiaProbe({ readHost: readHostFacts, run, logger, ...(only === undefined ? {} : { only }) });
  }
  return createVirtualProbe({
    readHost: readHostFacts,
    gpus: settings.gpus ?? VIRTUAL.gpus,
    gpuType: settings.gpuType ?? VIRTUAL.gpuType,
    vramMiB: settings.vramMiB ?? VIRTUAL.vramMiB,
    ...(migProfiles === undefined ? {} : { migProfiles }),
  });
}

/**
 * What the worker registers with. Errors: `setting_invalid` where the settings ask for what the machine does not have.
 * Without a wish there is a slot for each GPU or MIG slice, four for a GPU that is shared, and each other GPU takes one
 * task at a time; with more slots than that, or more GPUs than can be told one by one, slots alone bound what runs.
 */
export function machineOf(settings: GpuWorkerSettings, facts: MachineFacts): WorkerMachine {
  const { gpus } = facts;
  const [first] = gpus;
  if (first === undefined) throw unfit('MILLRACE_WORKER_GPU_SOURCE: nvidia-smi shows no GPU that this worker may use');
  const types = [...new Set(gpus.map(({ gpuType }) => gpuType))];
  if (types.length > 1) {
    throw unfit(`MILLRACE_WORKER_GPU_IDS: a worker has GPUs of one type, choose among ${types.join(', ')}`);
  }
  const onWhole = settings.gpuSharing === 'shared' ? SHARERS : 1;
  const places = gpus.reduce((sum, { slices }) => sum + (slices === undefined ? onWhole : slices.length), 0);
  const slots = settings.slots ?? Math.min(SLOTS_MAX, Math.max(1, places));
  const sharing = sharingOf(settings, gpus, slots > places);
  if (settings.gpuSource === 'virtual') checkSlices(settings, first.gpuType);
  return {
    gpuType: settings.gpuType ?? first.gpuType,
    gpus: gpus.length,
    vramMiB: Math.min(...gpus.map(({ vramMiB }) => vramMiB)),
    slots,
    gpuIds: gpus.map(({ id }) => id),
    traits: traitsOf(
      settings,
      facts,
      sharing === 'slots' ? undefined : gpus.map((gpu) => toDevice(settings, gpu, sharing)),
    ),
  };
}

function sharingOf(
  { gpuSharing }: GpuWorkerSettings,
  gpus: readonly ProbedGpu[],
  hasMoreSlots: boolean,
): 'slots' | 'whole' | 'shared' {
  const isCut = gpus.some(({ slices }) => slices !== undefined);
  if (isCut && gpuSharing === 'slots') {
    throw unfit('MILLRACE_WORKER_GPU_SHARING: slots say nothing of MIG slices, use whole or shared');
  }
  if (gpus.length > DEVICES_MAX && gpuSharing !== undefined && gpuSharing !== 'slots') {
    throw unfit(`MILLRACE_WORKER_GPU_SHARING: with more than ${DEVICES_MAX} GPUs slots alone bound what runs`);
  }
  if (gpuSharing === 'whole' && hasMoreSlots) {
    throw unfit('MILLRACE_WORKER_SLOTS: more than the GPUs or MIG slices that take one task each, use shared or slots');
  }
  if (gpuSharing !== undefined) return gpuSharing;
  return (hasMoreSlots && !isCut) || gpus.length > DEVICES_MAX ? 'slots' : 'whole';
}

/** Slices that a driver lists are; the scheduler need not ask whether they can be, by a type that may be a mere label. */
function toDevice(
  { gpuSource }: GpuWorkerSettings,
  { slices, nvlinkGroup }: ProbedGpu,
  sharing: 'whole' | 'shared',
): Device {
  const link = nvlinkGroup === undefined ? {} : { nvlinkGroup };
  if (slices === undefined) return { mode: sharing, ...link };
  return {
    mode: 'mig',
    slicesMiB: slices.map(({ vramMiB }) => vramMiB),
    profiles: slices.map(({ profile }) => profile),
    ...(gpuSource === 'nvidia' ? { listed: true } : {}),
    ...link,
  };
}

/** What virtual GPUs may be cut into: 7 parts of the compute, and memory as their type has. Where each lies the scheduler checks. */
function checkSlices({ migProfiles }: GpuWorkerSettings, gpuType: string): void {
  if (migProfiles === undefined) return;
  const gib = Number(/^(?:A100-(?:40|80)|H100-80)GB$/.test(gpuType) ? gpuType.slice(5, 7) : NaN);
  if (Number.isNaN(gib)) {
    throw unfit(
      `MILLRACE_WORKER_MIG_PROFILES: a GPU of type ${gpuType} has no MIG, set MILLRACE_WORKER_GPU_TYPE to A100-40GB, A100-80GB or H100-80GB`,
    );
  }
  const sizes = migProfiles.map((profile) => /^(\d+)g\.(\d+)gb$/.exec(profile)?.slice(1).map(Number) ?? []);
  const total = (of: 0 | 1): number => sizes.reduce((sum, size) => sum + (size[of] ?? 0), 0);
  if (total(0) <= COMPUTE_PARTS && total(1) <= gib) return;
  throw unfit(
    `MILLRACE_WORKER_MIG_PROFILES: they take ${total(0)} of ${COMPUTE_PARTS} parts of the compute and ${total(1)} of ${gib} GiB of an ${gpuType}`,
  );
}

/** What is not known or not set is not told: it constrains nothing. */
function traitsOf(
  settings: GpuWorkerSettings,
  { driver, cuda, cpuMilli, ramMiB }: MachineFacts,
  devices: Device[] | undefined,
): WorkerTraits {
  const { labels, taints, zone, rack, purpose } = settings;
  return {
    cpuMilli: settings.cpuMilli ?? cpuMilli,
    ramMiB: settings.ramMiB ?? ramMiB,
    ...(driver === undefined ? {} : { driver }),
    ...(cuda === undefined ? {} : { cuda }),
    ...(labels === undefined ? {} : { labels }),
    ...(taints === undefined ? {} : { taints }),
    ...(zone === undefined ? {} : { zone }),
    ...(rack === undefined ? {} : { rack }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(devices === undefined ? {} : { devices }),
  };
}

function unfit(fault: string): AppError {
  return new AppError({ kind: 'validation', code: 'setting_invalid', message: `bad setting: ${fault}` });
}
