import type { EventData, workerHeartbeat, workerRegistered } from '@millrace/contracts';
import type { Instant } from '@millrace/kernel';
import { gpuFault, type GpuFault } from '../policy/filters/gpu-faults.js';
import { migProfiles } from '../policy/mig/mig-profiles.js';
import { partition } from '../policy/mig/partition.js';
import type { FaultyGpu, RegisteredGpu, Worker, WorkerTraits } from './ports/worker-store.port.js';

/** What a heartbeat says of its worker's machine. What is absent is as it was told before. */
export type WorkerNews = Pick<EventData<typeof workerHeartbeat>, 'loadedModels' | 'measuredIdlePercent' | 'gpuHealth'>;
type GpuHealthFact = NonNullable<WorkerNews['gpuHealth']>[number];
type Registration = EventData<typeof workerRegistered>;
type Described = Pick<Worker, 'gpuType' | 'gpus' | 'traits'>;

const TOLD = new Set([
  ...['driver', 'cuda', 'purpose', 'taints', 'labels', 'zone', 'rack'],
  ...['cpuMilli', 'ramMiB', 'loadedModels', 'measuredIdlePercent', 'devices'],
]);

/**
 * What a worker tells at its registration, with the GPUs that are not counted on: told to be faulty, cut into slices that
 * cannot be (SCH-43, VEC-21), or unfit by their health. Such a worker is taken in all the same: its other GPUs are sound,
 * and whoever is on call sees which GPU is out, and why. What is absent stays absent: it constrains nothing.
 */
export function registeredTraits(data: Registration, now: Instant): WorkerTraits {
  const told: WorkerTraits = Object.fromEntries(
    Object.entries(data).filter(([name, value]) => TOLD.has(name) && value !== undefined),
  );
  const refused = (told.devices ?? []).flatMap((gpu, at) => refusedGpu(data.gpuType, gpu, at, now));
  const traits = refused.length === 0 ? told : { ...told, faults: refused };
  const { gpuHealth } = data;
  return withNews({ ...data, traits }, gpuHealth === undefined ? {} : { gpuHealth }, now);
}

/** The worker's traits with what it says now; the very same object where nothing is new, so that nothing is written. */
export function withNews(worker: Described, news: WorkerNews, now: Instant): WorkerTraits {
  const { traits, gpus } = worker;
  const loadedModels = news.loadedModels?.toSorted() ?? traits.loadedModels;
  const measuredIdlePercent = news.measuredIdlePercent ?? traits.measuredIdlePercent;
  const before = traits.faults ?? [];
  const faults = news.gpuHealth === undefined ? before : faultsAfter(before, news.gpuHealth, gpus, now);
  const sameFaults = sameItems(faults, before);
  const sameUse = sameItems(loadedModels, traits.loadedModels) && measuredIdlePercent === traits.measuredIdlePercent;
  if (sameFaults && sameUse) return traits;
  return {
    ...traits,
    ...(loadedModels === undefined ? {} : { loadedModels }),
    ...(measuredIdlePercent === undefined ? {} : { measuredIdlePercent }),
    ...(sameFaults ? {} : { faults }),
  };
}

/** A permanent fault stays for the incarnation; any other is as the last reading has it (SCH-50). */
function faultsAfter(
  before: readonly FaultyGpu[],
  health: readonly GpuHealthFact[],
  gpus: number,
  now: Instant,
): readonly FaultyGpu[] {
  const known = new Map(before.map((fault) => [fault.gpu, fault]));
  const found = health.flatMap((fact) => {
    const { code, permanent, line } = judge(fact) ?? {};
    if (code === undefined || permanent === undefined || fact.gpu >= gpus) return [];
    const earlier = known.get(fact.gpu);
    if (earlier?.permanent === true || (earlier?.code === code && !permanent)) return [];
    return [{ gpu: fact.gpu, code, permanent, since: now, detail: line ?? detailOf(fact) }];
  });
  const unfit = new Map(health.map((fact) => [fact.gpu, judge(fact)?.code]));
  const replaced = new Set(found.map(({ gpu }) => gpu));
  const lasting = before.filter(
    ({ gpu, code, permanent }) => !replaced.has(gpu) && (permanent || unfit.get(gpu) === code),
  );
  return [...lasting, ...found].toSorted((a, b) => a.gpu - b.gpu);
}

/**
 * What the worker reads beyond the policy's lines and counts is plain: a lost GPU, memory errors that were not mended, and
 * a driver that answers nothing (SCH-50: a node with a mismatched driver is not eligible).
 */
function judge(fact: GpuHealthFact): (Pick<FaultyGpu, 'code' | 'permanent'> & Pick<GpuFault, 'line'>) | null {
  if (fact.lost) return { code: 'bus_loss', permanent: true };
  if (fact.eccUncorrected > 0) return { code: 'ecc_uncorrectable', permanent: true };
  const fault = gpuFault(fact);
  return fault === null && fact.unanswered !== undefined ? { code: 'driver_unanswered', permanent: false } : fault;
}

function detailOf({ lost, eccCorrected, eccUncorrected, unanswered }: GpuHealthFact): string {
  if (lost) return 'The driver does not answer for it any more.';
  if (eccUncorrected > 0) return `${eccUncorrected} errors of its memory could not be corrected.`;
  return unanswered ?? `${eccCorrected} errors of its memory were corrected.`;
}

function refusedGpu(gpuType: string, gpu: RegisteredGpu, at: number, since: Instant): readonly FaultyGpu[] {
  const fault = { gpu: at, permanent: true, since };
  if (gpu.faulty === true) return [{ ...fault, code: 'told', detail: 'Its worker says so.' }];
  if (gpu.mode !== 'mig' || gpu.listed === true) return [];
  const cut = partition(gpuType, gpu.profiles ?? profilesOfSizes(gpuType, gpu.slicesMiB ?? []));
  return cut.kind === 'fits' ? [] : [{ ...fault, code: 'mig_partition', detail: cut.text }];
}

/** A worker that tells sizes alone: of each the profile with the least compute that has as much memory. */
function profilesOfSizes(gpuType: string, slicesMiB: readonly number[]): readonly string[] {
  const profiles = migProfiles(gpuType).toSorted((a, b) => a.vramMiB - b.vramMiB || a.computeSlices - b.computeSlices);
  return slicesMiB.map((size) => profiles.find(({ vramMiB }) => vramMiB >= size)?.name ?? `a slice of ${size} MiB`);
}

function sameItems<Item>(one: readonly Item[] | undefined, other: readonly Item[] | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
