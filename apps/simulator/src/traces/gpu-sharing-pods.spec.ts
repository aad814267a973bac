import { describe, expect, it } from '@jest/globals';
import { parseSharingPods, podListName } from './gpu-sharing-pods.js';

const HEADER =
  'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time';

function pods(...lines: readonly string[]): ReturnType<typeof parseSharingPods> {
  return parseSharingPods([HEADER, ...lines].join('\n'), 'pods.csv');
}

describe('parseSharingPods', () => {
  it('reads whole GPUs, parts of one, and pods without', () => {
    expect(
      pods(
        'p-0,88000,327680,8,1000,,LS,Running,0,1,0',
        'p-1,6000,12288,1,460,T4,LS,Running,1,2,1',
        'p-2,32000,49152,0,0,,BE,Failed,1,2,',
      ),
    ).toEqual([
      { cpuMilli: 88_000, memoryMib: 327_680, gpus: 8, gpuMilli: 1000, models: [] },
      { cpuMilli: 6000, memoryMib: 12_288, gpus: 1, gpuMilli: 460, models: ['T4'] },
      { cpuMilli: 32_000, memoryMib: 49_152, gpus: 0, gpuMilli: 0, models: [] },
    ]);
  });

  it('knows a model once, whatever the order that it is written in', () => {
    const [one, other] = pods('a,1,1,1,1000,V100M32|V100M16|V100M32,,,,,', 'b,1,1,1,1000,V100M16|V100M32,,,,,');
    expect(one).toEqual(other);
    expect(one?.models).toEqual(['V100M16', 'V100M32']);
  });

  it.each([
    ['p,1,1,1,0,,,,,,', 'pods.csv, line 2: gpu_milli is "0"; it must be a whole number from 1 to 1000.'],
    ['p,1,1,1,1001,,,,,,', 'gpu_milli is "1001"'],
    ['p,1,1,two,1000,,,,,,', 'num_gpu is "two"'],
    ['p,1,1,1,1000,', 'pods.csv, line 2: 6 fields, but the header has 11.'],
  ])('names line and field of what it cannot read: %j', (line, message) => {
    expect(() => pods(line)).toThrow(message);
  });
});

describe('podListName', () => {
  it('is the file without folder, prefix and extension', () => {
    expect(podListName('/some/where/openb_pod_list_gpushare40.csv')).toBe('gpushare40');
    expect(podListName('mine.csv')).toBe('mine');
  });
});
