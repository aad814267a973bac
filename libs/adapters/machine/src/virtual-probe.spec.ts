import { describe, expect, it } from '@jest/globals';
import { machineProbeConformance } from '@millrace/execution/testing';
import { createVirtualProbe, type VirtualProbeOptions } from './virtual-probe.js';

const options: VirtualProbeOptions = {
  readHost: async () => ({ cpuMilli: 2_000, ramMiB: 4_096 }),
  ...{ gpus: 2, gpuType: 'A100-40GB', vramMiB: 40_960, migProfiles: ['3g.20gb', '1g.5gb'] },
};

machineProbeConformance('virtual', () => createVirtualProbe(options));

describe('virtual GPUs', () => {
  it('are what the settings say, on the CPU and memory of the machine', async () => {
    const { migProfiles: _, ...whole } = options;
    expect(await createVirtualProbe({ ...whole, gpus: 1, gpuType: 'virtual', vramMiB: 81_920 }).describe()).toEqual({
      ...{ cpuMilli: 2_000, ramMiB: 4_096 },
      gpus: [{ id: 'virtual-0', gpuType: 'virtual', vramMiB: 81_920 }],
    });
  });

  it('SCH-43: are all cut alike', async () => {
    const { gpus } = await createVirtualProbe(options).describe();
    expect(gpus.map(({ slices }) => slices?.map(({ vramMiB }) => vramMiB))).toEqual([
      [20_480, 5_120],
      [20_480, 5_120],
    ]);
  });
});
