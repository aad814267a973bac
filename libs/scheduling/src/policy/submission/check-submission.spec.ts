import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import type { PendingTask, WorkerView } from '../snapshot.js';
import { checkSubmission, type MachineShape } from './check-submission.js';

const GIB = 1024;

function machine(overrides: Partial<WorkerView>, count = 1): MachineShape {
  return { machine: aWorkerView(1, { slots: 64, ...overrides }), count };
}

/** 4 nodes of 8 A100 in zone a, 2 in zone b; 3 A10G workers that tell of slots only. */
const CLUSTER: readonly MachineShape[] = [
  machine(
    { zone: 'a', gpus: 8, vramMiB: 80 * GIB, cpuMilli: 96_000, ramMiB: 1_000 * GIB, devices: wholeGpus(8, 80) },
    4,
  ),
  machine(
    { zone: 'b', gpus: 8, vramMiB: 80 * GIB, cpuMilli: 96_000, ramMiB: 1_000 * GIB, devices: wholeGpus(8, 80) },
    2,
  ),
  machine({ gpus: 1, vramMiB: 24 * GIB, slots: 1 }, 3),
];

function wholeGpus(count: number, vramGib: number): NonNullable<WorkerView['devices']> {
  return Array.from({ length: count }, () => ({ freeMilli: 1000, freeVramMiB: vramGib * GIB }));
}

function task(gpus: number, vramGib: number, overrides: Partial<PendingTask> = {}): PendingTask {
  return aPendingTask(1, { needs: { gpus, vramMiB: vramGib * GIB }, ...overrides });
}

function gang(size: number, within?: 'node' | 'rack' | 'zone' | 'nvlink'): NonNullable<PendingTask['gang']> {
  return { id: 'g', size, ...(within === undefined ? {} : { within }) };
}

describe('the check at submission', () => {
  it.each([
    ['as much memory as the largest GPU', task(1, 80)],
    ['all GPUs of a machine', task(8, 80)],
    ['a gang as large as a zone', task(8, 80, { gang: gang(4) })],
    ['a gang of halves on one node', task(4, 80, { gang: gang(2, 'node') })],
    ['all CPUs of a machine', task(1, 24, { demands: { cpuMilli: 96_000 } })],
  ])('takes %s', (_, asked) => {
    expect(checkSubmission(asked, CLUSTER)).toEqual({ kind: 'fits' });
  });

  it.each([
    ['SCH-49: more memory than any GPU', task(1, 81), 'vram', { vramMiB: 80 * GIB }],
    ['more GPUs than any machine', task(9, 80), 'gpu_count', { gpus: 8 }],
    ['TYP-23: more CPU than any machine', task(1, 80, { demands: { cpuMilli: 96_001 } }), 'cpu', { cpuMilli: 96_000 }],
    ['TYP-23: more RAM', task(1, 80, { demands: { ramMiB: 1_001 * GIB } }), 'ram', { ramMiB: 1_000 * GIB }],
    ['SCH-40: a gang larger than any zone', task(8, 80, { gang: gang(5) }), 'gang_too_large', { gangSize: 4 }],
    ['SCH-41: a gang larger than a node', task(4, 80, { gang: gang(3, 'node') }), 'gang_too_large', { gangSize: 2 }],
    [
      'TYP-23: a gang whose members leave each other no CPU on a node',
      task(1, 80, { gang: gang(5, 'node'), demands: { cpuMilli: 24_000 } }),
      'gang_too_large',
      { gangSize: 4 },
    ],
    [
      'TYP-23: a gang whose members leave each other no memory on a node',
      task(1, 80, { gang: gang(5, 'node'), demands: { ramMiB: 250 * GIB } }),
      'gang_too_large',
      { gangSize: 4 },
    ],
    ['TYP-02: a type that nobody serves', task(1, 1, { taskType: 's2v' }), 'task_type', {}],
    ['TYP-24: a driver that no node tells', task(1, 1, { demands: { minDriver: '535' } }), 'driver_floor', {}],
  ])('refuses %s, with what would fit', (_, asked, code, wouldFit) => {
    const check = checkSubmission(asked, CLUSTER);
    expect(check).toMatchObject({ kind: 'refused', code, wouldFit });
    for (const number of Object.values(wouldFit))
      expect(check).toHaveProperty('text', expect.stringContaining(`${number}`));
  });

  it('SCH-44: refuses what is larger than every slice where there are slices only', () => {
    const slices = [{ vramMiB: 20 * GIB, busy: false }];
    const cluster = [
      machine({ gpus: 1, vramMiB: 40 * GIB, devices: [{ mode: 'mig', freeMilli: 0, freeVramMiB: 0, slices }] }),
    ];
    const small = { demands: { gpuUse: 'slice' } } as const;
    expect(checkSubmission(task(1, 20, small), cluster)).toEqual({ kind: 'fits' });
    expect(checkSubmission(task(1, 22, small), cluster)).toMatchObject({
      code: 'vram',
      wouldFit: { vramMiB: 20 * GIB },
    });
    expect(checkSubmission(task(1, 20), cluster)).toMatchObject({ code: 'gpu_use', wouldFit: { gpus: 1 } });
  });

  it('refuses everything where there is no machine at all', () => {
    expect(checkSubmission(task(1, 1), [])).toMatchObject({ kind: 'refused', code: 'task_type' });
  });
});
