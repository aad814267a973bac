import { describe, expect, it } from '@jest/globals';
import { findHolds, freeDevices, moveHolds } from './device-holds.js';
import { readScenario } from './read-scenario.js';
import type { TaskTypeSpec } from './scenario.js';
import type { SimulatedWorker } from './world.js';

function worldOf(
  pool: string,
  types: string,
): { readonly worker: SimulatedWorker; readonly types: readonly TaskTypeSpec[] } {
  const text = `name: t\nduration: 1h\npools: { p: { workers: 1, ${pool} }, any: { workers: 1, gpus: 8, vramGiB: 80 } }
taskTypes: { ${types} }\ntenants: { a: { arrivals: [] } }\n`;
  const { pools, taskTypes } = readScenario('t.yaml', text);
  const [first] = pools;
  if (first === undefined) throw new Error('a pool');
  const worker: SimulatedWorker = {
    pool: first,
    workerId: 'p-0000',
    incarnation: 'i',
    rack: 'r',
    phase: 'ready',
    seemsAlive: true,
    devices: freeDevices(first),
    freeCpuMilli: first.cpuMilli ?? Infinity,
    freeRamMiB: first.ramMiB ?? Infinity,
    loadedModel: undefined,
    lastTaskType: undefined,
    attempts: new Set(),
  };
  return { worker, types: taskTypes };
}

/** Takes room for tasks of the type until there is none; how many that were. */
function fill({ worker, types }: ReturnType<typeof worldOf>): number {
  const [type] = types;
  for (let taken = 0; type !== undefined; taken++) {
    const holds = findHolds(worker, type);
    if (holds === undefined) return taken;
    moveHolds(worker, type, holds, 1);
  }
  return 0;
}

describe('room on a worker', () => {
  it.each([
    ['whole GPUs', 'gpus: 4, vramGiB: 24', 't: { service: 1s, gpus: 2, vramGiB: 20 }', 2],
    ['CPUs', 'gpus: 4, vramGiB: 24, cpus: 5', 't: { service: 1s, vramGiB: 1, cpus: 2 }', 2],
    ['memory of the machine', 'gpus: 4, vramGiB: 24, ramGiB: 31', 't: { service: 1s, vramGiB: 1, ramGiB: 10 }', 3],
    ['time of a shared GPU', 'vramGiB: 24, sharing: shared', 't: { service: 1s, vramGiB: 1, use: shared }', 4],
    [
      'SCH-49: GPU memory',
      'vramGiB: 24, sharing: shared',
      't: { service: 1s, vramGiB: 10, use: shared, gpuMilli: 1 }',
      2,
    ],
    ['a shared GPU for who wants it whole', 'vramGiB: 24, sharing: shared', 't: { service: 1s, vramGiB: 1 }', 1],
    ['slices', 'vramGiB: 40, sharing: { mig: [20, 10, 10] }', 't: { service: 1s, vramGiB: 5, use: slice }', 3],
    [
      'slices that are large enough',
      'vramGiB: 40, sharing: { mig: [20, 10] }',
      't: { service: 1s, vramGiB: 15, use: slice }',
      1,
    ],
    ['GPUs with enough memory', 'gpus: 2, vramGiB: 24', 't: { service: 1s, vramGiB: 25 }', 0],
  ])('is bounded by %s', (_, pool, types, want) => {
    expect(fill(worldOf(pool, types))).toBe(want);
  });

  it('is on the devices that are named, or nowhere', () => {
    const { worker, types } = worldOf('gpus: 3, vramGiB: 24', 't: { service: 1s, vramGiB: 10 }');
    const [type] = types;
    if (type === undefined) throw new Error('a type');
    const holds = findHolds(worker, type, [2]);
    expect(holds?.map(({ index }) => index)).toEqual([2]);
    moveHolds(worker, type, holds ?? [], 1);
    expect(findHolds(worker, type, [2])).toBeUndefined();
    moveHolds(worker, type, holds ?? [], -1);
    expect(findHolds(worker, type, [2])).toEqual(holds);
  });

  it('takes the smallest slice that does', () => {
    const { worker, types } = worldOf(
      'vramGiB: 40, sharing: { mig: [20, 10] }',
      't: { service: 1s, vramGiB: 5, use: slice }',
    );
    const [type] = types;
    expect(type && findHolds(worker, type)?.[0]?.slice).toBe(1);
  });
});
