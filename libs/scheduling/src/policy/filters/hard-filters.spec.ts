import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { baysOf } from '../placement/gpu-bays.js';
import type { PendingTask, TaskDemands, WorkerView } from '../snapshot.js';
import { FILTER_CODES } from './filter-codes.js';
import { GPU_TAINT, gpuUseOn, workerRefusal } from './hard-filters.js';
import { compareVersions } from './software-version.js';

const GIB = 1024;

function refusal(demands: TaskDemands, worker: Partial<WorkerView>, task: Partial<PendingTask> = {}): string | null {
  const view = aWorkerView(1, worker);
  return workerRefusal(aPendingTask(1, { demands, ...task }), view, baysOf(view));
}

describe('a hard filter', () => {
  it.each([
    ['not_alive', {}, { alive: false }, { alive: true }],
    ['task_type', {}, { taskTypes: ['other'] }, { taskTypes: ['other', 'ti2v-5B'] }],
    ['pool', { pool: 'a' }, { pool: 'b' }, { pool: 'a' }],
    ['label', { labels: { disk: 'nvme' } }, { labels: { disk: 'hdd' } }, { labels: { disk: 'nvme', more: 'x' } }],
    ['gpu_type', { gpuTypes: ['V100', 'A100'] }, { gpuType: 'T4' }, { gpuType: 'A100' }],
    ['driver_floor', { minDriver: '535' }, { driver: '530.41' }, { driver: '535.0' }],
    ['cuda_floor', { minCuda: '12.2' }, { cuda: '11.8' }, { cuda: '12.10' }],
    ['gpu_count', {}, { gpus: 0 }, { gpus: 1 }],
    ['vram', {}, { vramMiB: 1_023 }, { vramMiB: 1_024 }],
    ['cpu', { cpuMilli: 8_000 }, { cpuMilli: 4_000 }, { cpuMilli: 8_000 }],
    ['ram', { ramMiB: 32 * GIB }, { ramMiB: 16 * GIB }, { ramMiB: 32 * GIB }],
  ] as const)('refuses by %s, and takes what just passes', (code, demands, refused, taken) => {
    expect(FILTER_CODES).toContain(code);
    expect(refusal(demands, refused)).toBe(code);
    expect(refusal(demands, taken)).toBeNull();
  });

  it('constrains nothing by what a worker does not tell, software floors aside (TYP-24)', () => {
    expect(refusal({ cpuMilli: 99_000, ramMiB: 9_999_999, purpose: 'training' }, {})).toBeNull();
    expect(refusal({ minDriver: '535' }, {})).toBe('driver_floor');
    expect(refusal({ minCuda: '12.2' }, {})).toBe('cuda_floor');
  });

  it('TYP-23: the worker pod of the source cannot be placed on a g5.xlarge', () => {
    const pod = { cpuMilli: 8_000, ramMiB: 32 * GIB };
    expect(refusal(pod, { gpuType: 'A10G', vramMiB: 24 * GIB, cpuMilli: 4_000, ramMiB: 16 * GIB })).toBe('cpu');
    expect(refusal({ ...pod, cpuMilli: 3_000 }, { cpuMilli: 4_000, ramMiB: 16 * GIB })).toBe('ram');
    expect(refusal({ cpuMilli: 3_000, ramMiB: 13 * GIB }, { cpuMilli: 4_000, ramMiB: 16 * GIB })).toBeNull();
  });

  it('SCH-47: a taint keeps out who does not tolerate it; GPU work tolerates the taint of GPU nodes by itself', () => {
    expect(refusal({}, { taints: ['ci'] })).toBe('taint');
    expect(refusal({ tolerations: ['ci'] }, { taints: ['ci'] })).toBeNull();
    expect(refusal({ tolerations: ['ci'] }, { taints: ['ci', 'other'] })).toBe('taint');
    expect(refusal({}, { taints: [GPU_TAINT] })).toBeNull();
    expect(refusal({}, { taints: [GPU_TAINT] }, { needs: { gpus: 0, vramMiB: 0 } })).toBe('taint');
  });

  it('SCH-47: training and inference are never mixed, whatever they tolerate', () => {
    const tolerations = ['training', 'inference'];
    expect(refusal({ purpose: 'inference', tolerations }, { purpose: 'training', taints: ['training'] })).toBe(
      'purpose',
    );
    expect(refusal({ purpose: 'training', tolerations }, { purpose: 'inference' })).toBe('purpose');
    expect(refusal({ tolerations }, { purpose: 'inference' })).toBe('purpose');
    expect(refusal({ purpose: 'training', tolerations }, { purpose: 'training', taints: ['training'] })).toBeNull();
  });

  it('SCH-50: GPUs that are out of service do not count', () => {
    const faulty = { freeMilli: 1000, freeVramMiB: 81_920, faulty: true };
    const sound = { ...faulty, faulty: false };
    const two = { needs: { gpus: 2, vramMiB: 1_024 } };
    expect(refusal({}, { gpus: 2, devices: [sound, faulty] }, two)).toBe('gpu_faulty');
    expect(refusal({}, { gpus: 2, devices: [sound, sound] }, two)).toBeNull();
    expect(refusal({}, { gpus: 1, devices: [faulty] })).toBe('gpu_faulty');
    expect(refusal({}, { gpus: 1, devices: [sound] }, two)).toBe('gpu_count');
    const uncut = { mode: 'mig' as const, freeMilli: 0, freeVramMiB: 0, slices: [] };
    expect(refusal({}, { gpus: 1, devices: [uncut] })).toBe('gpu_count');
  });

  it('SCH-44: a slice takes one task that accepts slices and fits its memory', () => {
    const slices = [{ vramMiB: 20 * GIB, busy: false }];
    const worker = {
      gpus: 1,
      vramMiB: 40 * GIB,
      devices: [{ mode: 'mig', freeMilli: 0, freeVramMiB: 0, slices }],
    } as const;
    const needs = (gib: number, gpus = 1): Partial<PendingTask> => ({ needs: { gpus, vramMiB: gib * GIB } });
    expect(refusal({ gpuUse: 'slice' }, worker, needs(20))).toBeNull();
    expect(refusal({ gpuUse: 'shared' }, worker, needs(20))).toBeNull();
    expect(refusal({ gpuUse: 'slice' }, worker, needs(22))).toBe('vram');
    expect(refusal({}, worker, needs(20))).toBe('gpu_use');
    expect(refusal({ gpuUse: 'slice', purpose: 'training' }, worker, needs(20))).toBe('gpu_use');
    expect(
      refusal({ gpuUse: 'slice' }, { ...worker, devices: [...worker.devices, ...worker.devices] }, needs(20, 2)),
    ).toBe('gpu_use');
  });
});

describe('how a GPU may be used', () => {
  it.each([
    ['SCH-42: training is exclusive, whatever it says', { purpose: 'training', gpuUse: 'shared' }, 100, 'whole'],
    [
      'SCH-48: online inference is exclusive until its GPUs were idle',
      { purpose: 'inference', gpuUse: 'shared' },
      39,
      'slice',
    ],
    ['SCH-48: and shares from then on', { purpose: 'inference', gpuUse: 'shared' }, 40, 'shared'],
    ['other work shares when it says so', { gpuUse: 'shared' }, 0, 'shared'],
    ['who says nothing has whole GPUs', {}, 100, 'whole'],
  ] as const)('%s', (_, demands, measuredIdlePercent, want) => {
    expect(gpuUseOn(aPendingTask(1, { demands }), aWorkerView(1, { measuredIdlePercent }))).toBe(want);
  });
});

describe('versions', () => {
  it.each([
    ['535.104.5', '535.54', 1],
    ['12.10', '12.2', 1],
    ['12.2', '12.2.0', 0],
    ['11.8', '12.2', -1],
    ['unknown', '1', -1],
  ])('TYP-24: %s against %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a))).toBe(-sign + 0);
  });
});
