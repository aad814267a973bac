import type { ProbedGpu } from '@millrace/execution/ports';

type Slice = NonNullable<ProbedGpu['slices']>[number];

const GIB_IN_MIB = 1_024;

/**
 * A slice by its profile's name, `3g.20gb`; what is behind a plus (`1g.5gb+me`: with media engines) changes neither memory
 * nor place. Undefined where it is no such name.
 */
export function sliceOf(profileName: string): Slice | undefined {
  const profile = profileName.replace(/\+.*$/, '');
  const gib = /^(?:\d+c\.)?\d+g\.(\d+)gb$/.exec(profile)?.[1];
  return gib === undefined ? undefined : { profile, vramMiB: Number(gib) * GIB_IN_MIB };
}
