import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { COMPUTE_SLICES, MEMORY_SLICES, migProfiles } from './mig-profiles.js';
import { partition } from './partition.js';

const times = (count: number, name: string): readonly string[] => Array.from({ length: count }, () => name);

describe('cutting a GPU into MIG slices', () => {
  it.each([
    ['VEC-21: two halves of an A100', 'A100-40GB', times(2, '3g.20gb')],
    ['VEC-21: seven sevenths', 'A100-40GB', times(7, '1g.5gb')],
    ['the whole', 'A100-40GB', ['7g.40gb']],
    ['a half and smaller ones', 'A100-40GB', ['1g.5gb', '3g.20gb', '1g.5gb', '2g.10gb']],
    ['4 + 3 compute slices', 'H100-80GB', ['3g.40gb', '4g.40gb']],
    ['three double-memory sevenths and one more', 'A100-80GB', times(4, '1g.20gb')],
  ])('SCH-43: takes %s', (_, gpuType, profiles) => {
    expect(partition(gpuType, profiles)).toMatchObject({ kind: 'fits' });
  });

  it.each([
    ['VEC-21: three halves: 60 of 40 GB', 'A100-40GB', times(3, '3g.20gb'), 'too_much_memory'],
    ['VEC-21: a V100', 'V100', ['1g.5gb'], 'no_mig'],
    ['eight sevenths', 'A100-40GB', times(8, '1g.5gb'), 'too_much_compute'],
    ['8 compute slices in two fours', 'A100-40GB', times(2, '4g.20gb'), 'too_much_compute'],
    ['a profile of another card', 'A100-40GB', ['1g.10gb', '3g.40gb'], 'unknown_profile'],
    [
      'more memory than there is, in small slices',
      'A100-40GB',
      ['2g.10gb', '2g.10gb', '3g.20gb', '1g.5gb'],
      'too_much_memory',
    ],
  ] as const)('SCH-43: %s', (_, gpuType, profiles, code) => {
    const cut = partition(gpuType, profiles);
    expect(cut).toMatchObject({ kind: 'refused', code });
  });

  it('finds a layout for every set of profiles within memory and compute', () => {
    const names = migProfiles('A100-40GB').map(({ name }) => name);
    let tried = 0;
    const grow = (set: readonly string[], from: number): void => {
      tried += 1;
      if (partition('A100-40GB', set).kind === 'refused') return;
      names.slice(from).forEach((name, at) => grow([...set, name], from + at));
    };
    expect(() => grow([], 0)).not.toThrow();
    expect(tried).toBe(303);
  });

  it('never lets slices overlap, nor gives more than there is', () => {
    const profiles = fc.array(fc.constantFrom(...migProfiles('A100-40GB').map(({ name }) => name)), { maxLength: 8 });
    fc.assert(
      fc.property(profiles, (names) => {
        const cut = partition('A100-40GB', names);
        if (cut.kind === 'refused') return;
        const bits = cut.slices.map(({ profile, start }) => ((1 << profile.memorySlices) - 1) << start);
        expect(bits.reduce((taken, own) => taken + own, 0)).toBe(bits.reduce((taken, own) => taken | own, 0));
        expect(Math.max(0, ...bits)).toBeLessThan(1 << MEMORY_SLICES);
        const compute = cut.slices.reduce((sum, { profile }) => sum + profile.computeSlices, 0);
        expect(compute).toBeLessThanOrEqual(COMPUTE_SLICES);
        expect(cut.slices.map(({ profile }) => profile.name)).toEqual(names);
        for (const { profile, start } of cut.slices) expect(profile.starts).toContain(start);
      }),
      { numRuns: 300 },
    );
  });
});
