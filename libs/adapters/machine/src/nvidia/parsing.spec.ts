import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ALL_LINKED,
  DRIVER_GONE,
  HEALTH,
  HEALTH_IN_A_FIELD,
  HEALTH_OF_A_LOST_ONE,
  HEALTH_UNKNOWN_ERROR,
  HEALTH_WITHOUT_ECC,
  KERNEL_LOG,
  LINKED_IN_PAIRS,
  LIST,
  LIST_OF_A_DESKTOP,
  LIST_OF_A_SLICE,
  MIG_LIST,
  MIG_LIST_OF_450,
  UUIDS,
} from '../testing/recorded.js';
import { busIdOf, parseErrorCounts, parseGpuList, parseLostGpus } from './gpu-table.js';
import { gpuTypeOf } from './gpu-type.js';
import { parseKernelLog } from './kernel-log.js';
import { parseMigList } from './mig-list.js';
import { parseNvlinkGroups } from './nvlink-groups.js';

describe('the list of GPUs', () => {
  it('has a row for each, with bus ids as the kernel writes them', () => {
    expect(parseGpuList(LIST)).toEqual([
      {
        ...{ index: 0, uuid: UUIDS[0], busId: '0000:07:00', name: 'NVIDIA A100-SXM4-40GB', vramMiB: 40_960 },
        ...{ driver: '535.104.05', isMig: true },
      },
      expect.objectContaining({ index: 1, uuid: UUIDS[1], busId: '0000:0f:00', isMig: false }),
    ]);
  });

  it('takes [N/A] and what may not be read for not known', () => {
    expect(parseGpuList(LIST_OF_A_DESKTOP)).toMatchObject([{ vramMiB: 24_564, isMig: false }]);
    expect(parseGpuList(LIST_OF_A_SLICE)).toMatchObject([{ vramMiB: undefined, isMig: true }]);
  });

  it.each([
    ['nothing', ''],
    ['a complaint', DRIVER_GONE],
    ['a lost GPU', HEALTH_UNKNOWN_ERROR],
  ])('is empty for %s', (_, output) => expect(parseGpuList(output)).toEqual([]));

  it('never throws, whatever a driver writes', () => {
    fc.assert(
      fc.property(fc.string(), (output) => {
        for (const parse of [parseGpuList, parseErrorCounts, parseMigList, parseNvlinkGroups, parseKernelLog]) {
          parse(output);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the health of GPUs', () => {
  it('SCH-50: has the counts of corrected and uncorrected errors; a GPU without ECC counts none', () => {
    expect(parseErrorCounts(HEALTH).get(UUIDS[1])).toEqual({ corrected: 12, uncorrected: 0, lost: false });
    expect(parseErrorCounts(HEALTH_WITHOUT_ECC).get(UUIDS[0])).toEqual({ corrected: 0, uncorrected: 0, lost: false });
  });

  it('SCH-50: knows a lost GPU by the complaint, with and without a space, or by the fields', () => {
    expect(parseLostGpus(HEALTH_OF_A_LOST_ONE)).toEqual(['0000:0f:00']);
    expect(parseLostGpus(HEALTH_UNKNOWN_ERROR)).toEqual(['0000:0f:00']);
    expect(parseErrorCounts(HEALTH_IN_A_FIELD).get(UUIDS[1])?.lost).toBe(true);
    expect(parseLostGpus(HEALTH)).toEqual([]);
  });

  it('a bus id is one in all its spellings', () => {
    for (const text of ['00000000:0F:00.0', '0000:0f:00.0', 'Xid (PCI:0000:0F:00): 79']) {
      expect(busIdOf(text)).toBe('0000:0f:00');
    }
    expect(busIdOf('GPU 7')).toBeUndefined();
  });
});

describe('MIG slices', () => {
  it('SCH-43: are those under their GPU, by profile; media engines change nothing', () => {
    expect([...parseMigList(MIG_LIST)]).toEqual([
      [
        UUIDS[0],
        [
          { profile: '3g.20gb', vramMiB: 20_480 },
          { profile: '1g.5gb', vramMiB: 5_120 },
          { profile: '1g.5gb', vramMiB: 5_120 },
        ],
      ],
    ]);
    expect(parseMigList(MIG_LIST_OF_450).get(UUIDS[0])).toHaveLength(2);
  });
});

describe('NVLink', () => {
  it('SCH-41: joins what is linked, and leaves network cards out', () => {
    expect([...parseNvlinkGroups(ALL_LINKED)]).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('SCH-41: bridged pairs are groups of their own', () => {
    expect([...parseNvlinkGroups(LINKED_IN_PAIRS)]).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 1],
    ]);
  });

  it('a chain of links is one group', () => {
    const chain = '\tGPU0\tGPU1\tGPU2\nGPU0\t X \tSYS\tNV1\nGPU1\tSYS\t X \tNV1\nGPU2\tNV1\tNV1\t X \n';
    expect([...parseNvlinkGroups(chain).values()]).toEqual([0, 0, 0]);
  });
});

describe('the kernel log', () => {
  it('SCH-50: has the Xid errors of each GPU in order, and a lost one without an Xid as one line', () => {
    const log = parseKernelLog(KERNEL_LOG);
    expect([...log.keys()].toSorted()).toEqual(['0000:07:00', '0000:0f:00']);
    expect(log.get('0000:0f:00')).toEqual([
      expect.stringContaining('): 31, pid=2096908'),
      expect.stringContaining('): 79, '),
    ]);
    expect(log.get('0000:07:00')).toEqual([
      '[ 1843.308145] NVRM: The NVIDIA GPU 0000:07:00.0 NVRM: (PCI ID: 10de:26b5) installed in this system has NVRM: fallen off the bus and is not responding to commands.',
    ]);
  });
});

describe('the type of a GPU', () => {
  it.each([
    ['NVIDIA A100-SXM4-40GB', 40_960, 'A100-40GB'],
    ['A100-PCIE-40GB', undefined, 'A100-40GB'],
    ['NVIDIA A100 80GB PCIe', 81_920, 'A100-80GB'],
    ['NVIDIA H100 80GB HBM3', 81_559, 'H100-80GB'],
    ['NVIDIA H200', 143_771, 'H200'],
    ['NVIDIA A10G', 23_028, 'A10G'],
    ['NVIDIA L40S', 46_068, 'L40S'],
    ['Tesla T4', 15_360, 'T4'],
    ['Tesla V100-SXM2-16GB', 16_384, 'V100'],
    ['NVIDIA GeForce RTX 4090', 24_564, 'GeForce-RTX-4090'],
    ['NVIDIA RTX A6000', 49_140, 'RTX-A6000'],
  ])('%s is as tasks name it', (name, vramMiB, type) => {
    expect(gpuTypeOf(name, vramMiB)).toBe(type);
  });
});
