import type { MachineProbe, ProbedGpu } from '@millrace/execution/ports';
import { invariant } from '@millrace/kernel';
import type { HostFacts } from './host/host-facts.js';
import { sliceOf } from './mig-slices.js';

export interface VirtualProbeOptions {
  readonly readHost: () => Promise<HostFacts>;
  readonly gpus: number;
  readonly gpuType: string;
  /** Per GPU. */
  readonly vramMiB: number;
  /** Each GPU is cut into these slices, as `3g.20gb`; absent: not cut. */
  readonly migProfiles?: readonly string[];
}

/** GPUs that only settings know of, on this machine: they never fail. CPU and memory are the machine's own. */
export function createVirtualProbe(options: VirtualProbeOptions): MachineProbe {
  const { gpus, gpuType, vramMiB, migProfiles } = options;
  const all = Array.from({ length: gpus }, (_, at): ProbedGpu => {
    const slices = migProfiles?.map((profile) => {
      const slice = sliceOf(profile);
      invariant(slice !== undefined, `${profile} is a MIG profile`);
      return slice;
    });
    return { id: `virtual-${at}`, gpuType, vramMiB, ...(slices === undefined ? {} : { slices }) };
  });
  return {
    describe: async () => ({ ...(await options.readHost()), gpus: all }),
    readHealth: async () =>
      all.map((_, gpu) => ({ gpu, lost: false, eccCorrected: 0, eccUncorrected: 0, kernelLog: [] })),
  };
}
