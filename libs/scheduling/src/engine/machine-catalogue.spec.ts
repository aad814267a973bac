import { describe, expect, it } from '@jest/globals';
import { catalogueOf } from './machine-catalogue.js';
import type { PoolShape } from './scheduling-policy.js';

const small: PoolShape = {
  pool: 'g5',
  taskTypes: ['a', 'b'],
  gpus: 1,
  vramMiB: 24_576,
  cpuMilli: 4_000,
  ramMiB: 16_384,
};
const large: PoolShape = {
  pool: 'a100',
  taskTypes: ['a'],
  gpus: 8,
  vramMiB: 40_960,
  cpuMilli: 96_000,
  driver: '535.1',
};

describe('the machines that were declared', () => {
  it('are told with the types that name them, and none where nothing is declared', () => {
    expect(catalogueOf({ pools: [], demands: new Map() })).toEqual({});
    expect(catalogueOf({ pools: [small, large], demands: new Map() })).toEqual({
      catalogue: [
        { pool: 'g5', taskTypes: ['a', 'b'], gpus: 1, vramMiB: 24_576 },
        { pool: 'a100', taskTypes: ['a'], gpus: 8, vramMiB: 40_960 },
      ],
    });
  });

  it('TYP-23, TYP-24: run a type only if they have the CPU, memory and driver it asks for', () => {
    const demands = new Map([['a', { cpuMilli: 8_000, minDriver: '535' }]]);
    const { catalogue, unfit } = catalogueOf({ pools: [small, large], demands });
    expect(catalogue?.map(({ taskTypes }) => taskTypes)).toEqual([['b'], ['a']]);
    expect(unfit).toBeUndefined();
  });

  it('say why none could run a type', () => {
    const { unfit } = catalogueOf({ pools: [small, large], demands: new Map([['b', { cpuMilli: 8_000 }]]) });
    expect(unfit).toEqual([{ taskType: 'b', text: expect.stringContaining('4000') }]);
  });
});
