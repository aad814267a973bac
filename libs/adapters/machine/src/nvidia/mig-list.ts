import type { ProbedGpu } from '@millrace/execution/ports';
import { sliceOf } from '../mig-slices.js';

type Slices = NonNullable<ProbedGpu['slices']>;

/**
 * The MIG slices of each GPU by its UUID, from `nvidia-smi -L`: a line a GPU, and under it one a slice. Compute instances
 * that share a slice (`1c.3g.20gb`) are told as they are named: they are no partition that work is placed on.
 */
export function parseMigList(output: string): ReadonlyMap<string, Slices> {
  const slices = new Map<string, Slices>();
  let gpu = '';
  for (const line of output.split('\n')) {
    gpu = /^GPU\s+\d+:.*\(UUID:\s*(GPU-[0-9a-f-]+)\)/i.exec(line)?.[1] ?? gpu;
    const profile = /^\s+MIG\s+(\S+)\s+Device\s+\d+:/.exec(line)?.[1];
    const slice = profile === undefined ? undefined : sliceOf(profile);
    if (gpu !== '' && slice !== undefined) slices.set(gpu, [...(slices.get(gpu) ?? []), slice]);
  }
  return slices;
}
