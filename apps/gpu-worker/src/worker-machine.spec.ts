import { describe, expect, it } from '@jest/globals';
import type { MachineFacts, ProbedGpu } from '@millrace/execution/ports';
import { loadSettings } from '@millrace/platform';
import { GPU_WORKER_VARIABLES, gpuWorkerSettings, type GpuWorkerSettings } from './gpu-worker.settings.js';
import { machineOf } from './worker-machine.js';

const DIRECTORIES = { MILLRACE_WORKER_WORK_DIRECTORY: '/w', MILLRACE_WORKER_SPOOL_DIRECTORY: '/s' };

/** Settings from variables, without their prefix. */
function settings(variables: Readonly<Record<string, string>> = {}): GpuWorkerSettings {
  const named = Object.entries(variables).map(([name, value]) => [`MILLRACE_WORKER_${name}`, value]);
  return loadSettings(gpuWorkerSettings, GPU_WORKER_VARIABLES, { ...DIRECTORIES, ...Object.fromEntries(named) });
}

const A100: ProbedGpu = { id: 'GPU-a', gpuType: 'A100-40GB', vramMiB: 40_960 };
const HALF = { profile: '3g.20gb', vramMiB: 20_480 };
const facts = (gpus: readonly ProbedGpu[], more: Partial<MachineFacts> = {}): MachineFacts => ({
  ...{ cpuMilli: 8_000, ramMiB: 32_768, gpus },
  ...more,
});

describe('what a worker registers with', () => {
  it('TYP-23, TYP-24: is what its machine has, a slot for each GPU, and each GPU for one task at a time', () => {
    const machine = machineOf(
      settings(),
      facts([A100, { ...A100, id: 'GPU-b' }], { driver: '535.104.05', cuda: '12.2' }),
    );
    expect(machine).toEqual({
      ...{ gpuType: 'A100-40GB', gpus: 2, vramMiB: 40_960, slots: 2, gpuIds: ['GPU-a', 'GPU-b'] },
      traits: {
        ...{ cpuMilli: 8_000, ramMiB: 32_768, driver: '535.104.05', cuda: '12.2' },
        devices: [{ mode: 'whole' }, { mode: 'whole' }],
      },
    });
  });

  it('SCH-46, SCH-47: has the labels, taints, place and purpose of its settings', () => {
    const told = machineOf(
      settings({
        ...{ LABELS: 'tier=gold, disk=nvme', TAINTS: 'nvidia.com/gpu', ZONE: 'eu-1a', RACK: 'r7', PURPOSE: 'training' },
        ...{ CPU_MILLI: '4000', RAM_MIB: '16384', GPU_TYPE: 'mine' },
      }),
      facts([A100]),
    );
    expect(told).toMatchObject({
      gpuType: 'mine',
      traits: {
        ...{ labels: { tier: 'gold', disk: 'nvme' }, taints: ['nvidia.com/gpu'], zone: 'eu-1a', rack: 'r7' },
        ...{ purpose: 'training', cpuMilli: 4_000, ramMiB: 16_384 },
      },
    });
  });

  it('SCH-43: has each MIG slice with its profile, and a slot for it', () => {
    const cut = { ...A100, slices: [HALF, HALF], nvlinkGroup: 0 };
    expect(machineOf(settings(), facts([cut, { ...A100, nvlinkGroup: 0 }]))).toMatchObject({
      slots: 3,
      traits: {
        devices: [
          { mode: 'mig', slicesMiB: [20_480, 20_480], profiles: ['3g.20gb', '3g.20gb'], nvlinkGroup: 0 },
          { mode: 'whole', nvlinkGroup: 0 },
        ],
      },
    });
  });

  it('SCH-43: a driver’s own slices need no check, whatever the type is called; virtual ones do', () => {
    const cut = { ...A100, slices: [HALF, HALF] };
    const real = machineOf(settings({ GPU_SOURCE: 'nvidia', GPU_TYPE: 'mine' }), facts([cut]));
    expect(real.traits.devices).toMatchObject([{ mode: 'mig', listed: true }]);
    const virtual = { MIG_PROFILES: '3g.20gb,3g.20gb', GPU_TYPE: 'A100-40GB' };
    const [device] = machineOf(settings(virtual), facts([cut])).traits.devices ?? [];
    expect(device).not.toHaveProperty('listed');
  });

  it('SCH-42: shares its GPUs where it is told to', () => {
    const { traits, slots } = machineOf(
      settings({ GPU_SHARING: 'shared' }),
      facts([A100, { ...A100, slices: [HALF] }]),
    );
    expect(traits.devices?.map(({ mode }) => mode)).toEqual(['shared', 'mig']);
    expect(slots).toBe(5);
  });

  it.each<[string, Readonly<Record<string, string>>, readonly ProbedGpu[], boolean]>([
    ['more slots than GPUs', { SLOTS: '4' }, [A100], false],
    ['more slots than GPUs, and a wish', { SLOTS: '4', GPU_SHARING: 'shared' }, [A100], true],
    ['more slots than slices', { SLOTS: '4' }, [{ ...A100, slices: [HALF] }], true],
    ['fewer slots than GPUs', { SLOTS: '1' }, [A100, A100], true],
    ['a wish for slots', { GPU_SHARING: 'slots' }, [A100], false],
    ['more GPUs than can be told', {}, Array.from({ length: 32 }, () => A100), false],
  ])('tells its GPUs one by one or leaves it to its slots: %s', (_, variables, gpus, tells) => {
    expect(machineOf(settings(variables), facts(gpus)).traits.devices !== undefined).toBe(tells);
  });

  it.each<[string, Readonly<Record<string, string>>, readonly ProbedGpu[], RegExp]>([
    ['no GPU is found', { GPU_SOURCE: 'nvidia' }, [], /MILLRACE_WORKER_GPU_SOURCE/],
    ['its GPUs are of several types', {}, [A100, { ...A100, gpuType: 'T4' }], /MILLRACE_WORKER_GPU_IDS.*A100-40GB, T4/],
    ['slots are to bound slices', { GPU_SHARING: 'slots' }, [{ ...A100, slices: [] }], /MILLRACE_WORKER_GPU_SHARING/],
    ['GPUs for one task each have more slots', { SLOTS: '2', GPU_SHARING: 'whole' }, [A100], /MILLRACE_WORKER_SLOTS/],
    [
      'its virtual GPU has no MIG',
      { MIG_PROFILES: '3g.20gb' },
      [{ ...A100, gpuType: 'virtual', slices: [HALF] }],
      /MIG_PROFILES.*virtual.*MILLRACE_WORKER_GPU_TYPE/,
    ],
    [
      'VEC-21: its virtual GPU has less memory than its slices',
      { MIG_PROFILES: '3g.20gb,3g.20gb,3g.20gb', GPU_TYPE: 'A100-40GB' },
      [A100],
      /MIG_PROFILES.*9 of 7.*60 of 40/,
    ],
    [
      'there are more GPUs than can be shared one by one',
      { GPU_SHARING: 'shared' },
      Array.from({ length: 32 }, () => A100),
      /MILLRACE_WORKER_GPU_SHARING/,
    ],
  ])('ends the start, and names the setting, when %s', (_, variables, gpus, message) => {
    expect(() => machineOf(settings(variables), facts(gpus))).toThrow(message);
  });
});

describe('settings of the machine', () => {
  it.each([
    ['GPU_SOURCE', 'amd'],
    ['GPU_SHARING', 'sometimes'],
    ['GPU_IDS', '0;1'],
    ['MIG_PROFILES', 'half'],
    ['LABELS', 'tier'],
    ['TAINTS', 'a b'],
    ['ZONE', 'two words'],
    ['PURPOSE', 'fun'],
    ['CPU_MILLI', '0'],
    ['RAM_MIB', 'much'],
    ['HEALTH_MS', '1'],
  ])('%s=%s ends the start with its name', (name, value) => {
    expect(() => settings({ [name]: value })).toThrow(`MILLRACE_WORKER_${name}: `);
  });

  it.each([
    [{ GPU_SOURCE: 'nvidia', GPUS: '8' }, 'MILLRACE_WORKER_GPUS: says nothing where the GPUs are nvidia'],
    [{ GPU_SOURCE: 'nvidia', MIG_PROFILES: '1g.5gb' }, 'MILLRACE_WORKER_MIG_PROFILES: says nothing'],
    [{ GPU_IDS: '0' }, 'MILLRACE_WORKER_GPU_IDS: says nothing where the GPUs are virtual'],
  ])('what says nothing is refused, not passed over: %j', (variables: Readonly<Record<string, string>>, message) => {
    expect(() => settings(variables)).toThrow(message);
  });
});
