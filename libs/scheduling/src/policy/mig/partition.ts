import { invariant } from '@millrace/kernel';
import { COMPUTE_SLICES, MEMORY_SLICES, migProfiles, type MigProfile } from './mig-profiles.js';

/** Where each slice lies: profile and first memory slice, in the order asked for. */
export interface PartitionSlice {
  readonly profile: MigProfile;
  readonly start: number;
}

export type PartitionRefusal = 'no_mig' | 'unknown_profile' | 'too_much_memory' | 'too_much_compute';

export type Partition =
  | { readonly kind: 'fits'; readonly slices: readonly PartitionSlice[] }
  | { readonly kind: 'refused'; readonly code: PartitionRefusal; readonly text: string };

/**
 * Whether one GPU can be cut into these slices at once (SCH-43, VEC-21): the memory and the seven compute slices must
 * suffice, and every slice must lie at a start that its profile allows without touching another.
 */
export function partition(gpuType: string, profileNames: readonly string[]): Partition {
  const known = migProfiles(gpuType);
  if (known.length === 0) return refused('no_mig', `${gpuType} has no MIG: only A100 and H100 are cut into slices.`);
  const wanted = profileNames.map((name) => known.find((profile) => profile.name === name));
  const unknown = profileNames[wanted.indexOf(undefined)];
  if (unknown !== undefined) {
    const names = known.map(({ name }) => name).join(', ');
    return refused('unknown_profile', `${gpuType} has no profile ${unknown}; it has ${names}.`);
  }
  const profiles = wanted.filter((profile) => profile !== undefined);
  return overBudget(gpuType, profiles) ?? layOut(profiles);
}

function overBudget(gpuType: string, profiles: readonly MigProfile[]): Partition | null {
  const memory = sum(profiles.map(({ memorySlices }) => memorySlices));
  if (memory > MEMORY_SLICES) {
    const asked = sum(profiles.map(({ vramMiB }) => vramMiB)) / 1024;
    return refused('too_much_memory', `${asked} GiB in ${memory} of ${MEMORY_SLICES} memory slices of one ${gpuType}.`);
  }
  const compute = sum(profiles.map(({ computeSlices }) => computeSlices));
  if (compute <= COMPUTE_SLICES) return null;
  return refused('too_much_compute', `${compute} of ${COMPUTE_SLICES} compute slices of one ${gpuType}.`);
}

function layOut(profiles: readonly MigProfile[]): Partition {
  // Large profiles have the fewest starts: laid first, the search ends early. At most 7 slices, 7 starts each.
  const order = profiles.map((profile, at) => ({ profile, at })).toSorted(byFewestStarts);
  const starts = new Array<number>(profiles.length).fill(-1);
  invariant(
    lay(order, 0, 0, starts),
    'what is within memory and compute has a layout: all 303 sets of profiles were tried',
  );
  return { kind: 'fits', slices: profiles.map((profile, at) => ({ profile, start: starts[at] ?? 0 })) };
}

interface Ordered {
  readonly profile: MigProfile;
  readonly at: number;
}

function byFewestStarts(a: Ordered, b: Ordered): number {
  return a.profile.starts.length - b.profile.starts.length || a.at - b.at;
}

/** `taken`: a bit per memory slice. Fills `starts`; false when the rest does not fit. */
function lay(order: readonly Ordered[], depth: number, taken: number, starts: number[]): boolean {
  const next = order[depth];
  if (next === undefined) return true;
  const width = (1 << next.profile.memorySlices) - 1;
  return next.profile.starts.some((start) => {
    const bits = width << start;
    if ((taken & bits) !== 0) return false;
    starts[next.at] = start;
    return lay(order, depth + 1, taken | bits, starts);
  });
}

function refused(code: PartitionRefusal, text: string): Partition {
  return { kind: 'refused', code, text };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
