import type { GpuReading, MachineFacts, MachineProbe, ProbedGpu } from '@millrace/execution/ports';
import { AppError, type DurationMs, type Logger } from '@millrace/kernel';
import type { HostFacts } from '../host/host-facts.js';
import type { ProgramEnd, RunProgram } from '../run-program.js';
import {
  HEALTH_FIELDS,
  LIST_FIELDS,
  parseErrorCounts,
  parseGpuList,
  parseLostGpus,
  type ListedGpu,
} from './gpu-table.js';
import { gpuTypeOf } from './gpu-type.js';
import { parseKernelLog } from './kernel-log.js';
import { parseMigList } from './mig-list.js';
import { parseNvlinkGroups } from './nvlink-groups.js';

/** A driver that does not answer by then is not waited for: with a lost GPU it can hang for minutes. */
const PROGRAM_LIMIT_MS: DurationMs = 15_000;
const SMI = 'nvidia-smi';
/** The driver runs and has no GPU it could talk to. */
const NONE_LEFT = /No devices were found/i;
const AS_TABLE = '--format=csv,noheader,nounits';

export interface NvidiaProbeOptions {
  readonly readHost: () => Promise<HostFacts>;
  readonly run: RunProgram;
  readonly logger: Logger;
  /** Indexes or UUIDs of the GPUs that this worker may use; absent: all that the driver shows. */
  readonly only?: readonly string[];
}

/**
 * NVIDIA's GPUs, as `nvidia-smi` and the kernel's log tell of them. Without `nvidia-smi` there are none. Where the log may
 * not be read (a container without its privilege), memory errors and lost GPUs are still seen, other Xid errors are not.
 */
export function createNvidiaProbe(options: NvidiaProbeOptions): MachineProbe {
  return new NvidiaProbe(options);
}

class NvidiaProbe implements MachineProbe {
  private listed: readonly ListedGpu[] = [];
  private hasLog = true;

  constructor(private readonly options: NvidiaProbeOptions) {}

  async describe(): Promise<MachineFacts> {
    const host = await this.options.readHost();
    const listed = parseGpuList(await this.table(LIST_FIELDS));
    this.listed = listed.filter(({ index, uuid }) => this.isMine(index, uuid)).toSorted((a, b) => a.index - b.index);
    if (this.listed.length === 0) return { ...host, gpus: [] };
    const slices = this.listed.some(({ isMig }) => isMig)
      ? parseMigList(await this.smi(['-L']))
      : new Map<string, never>();
    const groups =
      this.listed.length > 1 ? parseNvlinkGroups(await this.smi(['topo', '-m'])) : new Map<number, number>();
    const cuda = /^CUDA Version\s*:\s*(\d+(?:\.\d+)*)/m.exec(await this.smi(['-q', '-d', 'ECC']))?.[1];
    const driver = this.listed.find((gpu) => gpu.driver !== undefined)?.driver;
    return {
      ...host,
      gpus: this.listed.map((gpu) => toProbed(gpu, slices.get(gpu.uuid), groups.get(gpu.index))),
      ...(driver === undefined ? {} : { driver }),
      ...(cuda === undefined ? {} : { cuda }),
    };
  }

  async readHealth(): Promise<readonly GpuReading[]> {
    if (this.listed.length === 0) return [];
    const table = await this.table(HEALTH_FIELDS);
    const counts = parseErrorCounts(table);
    const lost = new Set(parseLostGpus(table));
    const noneLeft = NONE_LEFT.test(table);
    const log = await this.kernelLog();
    return this.listed.map(({ uuid, busId }, gpu) => {
      const own = counts.get(uuid);
      return {
        gpu,
        // Either the driver complains of it, or it has none left, or it lists the others and not this one.
        lost: noneLeft || lost.has(busId) || own?.lost === true || (own === undefined && counts.size > 0),
        eccCorrected: own?.corrected ?? 0,
        eccUncorrected: own?.uncorrected ?? 0,
        kernelLog: log.get(busId) ?? [],
      };
    });
  }

  /** What the driver says of each GPU; a failure that at least names GPUs is an answer. */
  private async table(fields: readonly string[]): Promise<string> {
    const end = await this.options.run(SMI, [`--query-gpu=${fields.join(',')}`, AS_TABLE], PROGRAM_LIMIT_MS);
    // Without the program there are no GPUs; where it was there before, it tells nothing of them now.
    if (end.kind === 'absent' && this.listed.length === 0) return '';
    if (end.kind === 'absent' || end.kind === 'not_started') throw probeFailed(reasonOf(end));
    if (end.kind === 'timed_out') throw probeFailed(`it did not answer within ${PROGRAM_LIMIT_MS} ms`);
    const said = `${end.output}\n${end.complaint}`;
    const isAnswer = parseLostGpus(said).length > 0 || NONE_LEFT.test(said) || end.output.includes('GPU-');
    if (end.ok || isAnswer) return said;
    throw probeFailed(firstLineOf(said));
  }

  /** What more the driver tells; without it the worker is described with less. */
  private async smi(args: readonly string[]): Promise<string> {
    const end = await this.options.run(SMI, args, PROGRAM_LIMIT_MS);
    if (end.kind === 'ended' && end.ok) return end.output;
    this.options.logger.warn('nvidia-smi told less than it might', { asked: args.join(' '), reason: reasonOf(end) });
    return '';
  }

  private async kernelLog(): Promise<ReadonlyMap<string, readonly string[]>> {
    if (!this.hasLog) return new Map();
    const end = await this.options.run('dmesg', [], PROGRAM_LIMIT_MS);
    if (end.kind === 'ended' && end.ok) return parseKernelLog(end.output);
    if (end.kind === 'ended' || end.kind === 'absent') {
      this.hasLog = false;
      this.options.logger.info('the kernel log can not be read: Xid errors of GPUs are not seen', {
        reason: reasonOf(end),
      });
    }
    return new Map();
  }

  private isMine(index: number, uuid: string): boolean {
    const { only } = this.options;
    return only === undefined || only.includes(String(index)) || only.includes(uuid);
  }
}

function toProbed(gpu: ListedGpu, slices: ProbedGpu['slices'], nvlinkGroup: number | undefined): ProbedGpu {
  const { uuid: id, name, isMig } = gpu;
  const inSlices = slices?.reduce((sum, { vramMiB }) => sum + vramMiB, 0);
  return {
    id,
    gpuType: gpuTypeOf(name, gpu.vramMiB),
    vramMiB: gpu.vramMiB ?? inSlices ?? 0,
    ...(isMig ? { slices: slices ?? [] } : {}),
    ...(nvlinkGroup === undefined ? {} : { nvlinkGroup }),
  };
}

function reasonOf(end: ProgramEnd): string {
  if (end.kind === 'ended') return firstLineOf(`${end.complaint}\n${end.output}`);
  return end.kind === 'not_started' ? end.reason : end.kind;
}

function firstLineOf(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? 'it said nothing';
}

function probeFailed(reason: string): AppError {
  const message = `nvidia-smi does not tell of its GPUs: ${reason}`;
  return new AppError({ kind: 'unavailable', code: 'probe_failed', message });
}
