/** A MIG profile: its compute slices of 7, its memory slices of 8, and the memory slices it may start at. */
export interface MigProfile {
  readonly name: string;
  readonly vramMiB: number;
  readonly computeSlices: number;
  readonly memorySlices: number;
  readonly starts: readonly number[];
}

export const COMPUTE_SLICES = 7;
export const MEMORY_SLICES = 8;

const GIB = 1024;

/** Source: NVIDIA MIG user guide, "Supported MIG profiles" with placements; memory is rounded down to the name's GiB. */
function profilesOf(
  memoryGib: readonly [one: number, double: number, half: number, full: number],
): readonly MigProfile[] {
  const [one, double, half, full] = memoryGib;
  return [
    { name: `1g.${one}gb`, vramMiB: one * GIB, computeSlices: 1, memorySlices: 1, starts: [0, 1, 2, 3, 4, 5, 6] },
    { name: `1g.${double}gb`, vramMiB: double * GIB, computeSlices: 1, memorySlices: 2, starts: [0, 2, 4, 6] },
    { name: `2g.${double}gb`, vramMiB: double * GIB, computeSlices: 2, memorySlices: 2, starts: [0, 2, 4] },
    { name: `3g.${half}gb`, vramMiB: half * GIB, computeSlices: 3, memorySlices: 4, starts: [0, 4] },
    { name: `4g.${half}gb`, vramMiB: half * GIB, computeSlices: 4, memorySlices: 4, starts: [0] },
    { name: `7g.${full}gb`, vramMiB: full * GIB, computeSlices: 7, memorySlices: 8, starts: [0] },
  ];
}

const FORTY = profilesOf([5, 10, 20, 40]);
const EIGHTY = profilesOf([10, 20, 40, 80]);

/** By GPU type. Only A100 and H100 are cut into slices (SCH-43); every other type has no profile. */
const PROFILES: ReadonlyMap<string, readonly MigProfile[]> = new Map([
  ['A100-40GB', FORTY],
  ['A100-80GB', EIGHTY],
  ['H100-80GB', EIGHTY],
]);

export function migProfiles(gpuType: string): readonly MigProfile[] {
  return PROFILES.get(gpuType) ?? [];
}
