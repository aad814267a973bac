import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../command-line/usage-error.js';
import { parseSharingNodes } from './gpu-sharing-nodes.js';

const HEADER = 'sn,cpu_milli,memory_mib,gpu,model';

describe('parseSharingNodes', () => {
  it('reads nodes', () => {
    expect(parseSharingNodes(`${HEADER}\nn-0,64000,262144,2,P100\nn-1,96000,393216,0,\n`, 'nodes.csv')).toEqual([
      { name: 'n-0', cpuMilli: 64_000, memoryMib: 262_144, gpus: 2, model: 'P100' },
      { name: 'n-1', cpuMilli: 96_000, memoryMib: 393_216, gpus: 0, model: '' },
    ]);
  });

  it('reads columns by name, lines that end in \\r\\n, and a byte order mark', () => {
    const text = '\uFEFFmodel,zone,gpu,memory_mib,cpu_milli,sn\r\nT4,z,1,2,3,n-0\r\n';
    expect(parseSharingNodes(text, 'nodes.csv')).toEqual([
      { name: 'n-0', cpuMilli: 3, memoryMib: 2, gpus: 1, model: 'T4' },
    ]);
  });

  it.each([
    [`${HEADER}\nn-0,64000,262144,2,P100\nn-1,x,1,1,T4`, 'nodes.csv, line 3: cpu_milli is "x"'],
    [`${HEADER}\nn-0,1,1,-1,T4`, 'nodes.csv, line 2: gpu is "-1"; it must be a whole number from 0 to 16.'],
    [`${HEADER}\nn-0,1,1,17,T4`, 'line 2: gpu is "17"'],
    [`${HEADER}\nn-0,1,1.5,1,T4`, 'line 2: memory_mib is "1.5"'],
    [`${HEADER}\nn-0,1,,1,T4`, 'line 2: memory_mib is ""'],
    [`${HEADER}\nn-0,1,1,1`, 'nodes.csv, line 2: 4 fields, but the header has 5.'],
    ['sn,cpu_milli,memory_mib,gpu\nn-0,1,1,1', 'nodes.csv, line 1: no column model in the header.'],
    [HEADER, 'nodes.csv: nothing below the header.'],
    ['', 'nodes.csv, line 1: no column'],
  ])('names file, line and field of what it cannot read: %j', (text, message) => {
    expect(() => parseSharingNodes(text, 'nodes.csv')).toThrow(message);
    expect(() => parseSharingNodes(text, 'nodes.csv')).toThrow(UsageError);
  });
});
