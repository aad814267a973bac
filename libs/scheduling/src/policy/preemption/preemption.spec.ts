import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView, taskIdOf } from '../../testing/builders.js';
import { idleGpus, told } from '../../testing/told-decisions.js';
import { decide } from '../decide.js';
import type { Decision, Wait } from '../decision.js';
import type { PendingTask, RunningTask, WorkerView } from '../snapshot.js';
import { DEFAULT_PREEMPTION, type PreemptionPolicy } from './preemption-policy.js';

const NOW = 10_000_000;
const GIB = 1024;

function running(number: number, overrides: Partial<RunningTask> = {}): RunningTask {
  return {
    id: taskIdOf(number),
    taskType: 'ti2v-5B',
    priority: -1,
    preemptible: true,
    startedAt: NOW - 120_000,
    unsavedMs: 5_000,
    preemptions: 0,
    needs: { gpus: 1, vramMiB: GIB },
    ...overrides,
  };
}

function busy(number: number, tasks: readonly RunningTask[], more: Partial<WorkerView> = {}): WorkerView {
  return aWorkerView(number, { slots: tasks.length, usedSlots: tasks.length, running: tasks, ...more });
}

function wanting(number: number, overrides: Partial<PendingTask> = {}): PendingTask {
  return aPendingTask(number, { priority: 1, requestedAt: NOW - 30_000, ...overrides });
}

function decided(
  pending: readonly PendingTask[],
  workers: readonly WorkerView[],
  policy: Partial<PreemptionPolicy> = {},
): readonly Decision[] {
  const preemption = { ...DEFAULT_PREEMPTION, ...policy };
  return decide({ pending, workers }, { maxPlacements: 100, preemption }, NOW);
}

/** Numbers of the tasks that are told to stop, by waiting task: `1: 7,8`. */
function stopped(decisions: readonly Decision[]): readonly string[] {
  return decisions
    .filter((decision): decision is Wait => decision.kind === 'wait' && decision.preemption !== undefined)
    .map(({ task, preemption }) => `${numberOf(task.id)}: ${preemption?.victims.map(({ id }) => numberOf(id)).join()}`);
}

function numberOf(id: string): number {
  return Number.parseInt(id.slice(-12), 16);
}

describe('preemption', () => {
  it('QUE-11: stops a task of a lower class that may be stopped, and says who, where, why and at what cost', () => {
    const [decision] = decided([wanting(1)], [busy(1, [running(7)])]);
    expect(decision).toMatchObject({
      kind: 'wait',
      reason: 'preempting',
      preemption: {
        worker: { workerId: 'worker-00001' },
        victims: [{ id: taskIdOf(7) }],
        lostMs: 5_000,
        reason: 'higher_class',
      },
    });
  });

  it.each([
    ['of the same class', running(7, { priority: 1 })],
    ['of a higher class', running(7, { priority: 2 })],
    ['that is not marked as preemptible', running(7, { preemptible: false })],
    ['that has just begun', running(7, { startedAt: NOW - 59_999 })],
    ['that was stopped three times before', running(7, { preemptions: 3 })],
  ])('QUE-11: never stops a task %s', (_, task) => {
    const decisions = decided([wanting(1)], [busy(1, [task])]);
    expect(stopped(decisions)).toEqual([]);
    expect(told(decisions)).toEqual(['1:pool_busy']);
  });

  it('QUE-11: passes over what may not be stopped for what may, though it loses more', () => {
    const kept = running(7, { preemptible: false, unsavedMs: 0 });
    expect(stopped(decided([wanting(1)], [busy(1, [kept, running(8, { unsavedMs: 50_000 })])]))).toEqual(['1: 8']);
  });

  it('is off unless the policy has it', () => {
    const decisions = decide({ pending: [wanting(1)], workers: [busy(1, [running(7)])] }, { maxPlacements: 1 }, NOW);
    expect(told(decisions)).toEqual(['1:pool_busy']);
  });

  it('gives what is busy a moment to end by itself', () => {
    const fresh = wanting(1, { requestedAt: NOW - 9_999 });
    expect(stopped(decided([fresh], [busy(1, [running(7)])]))).toEqual([]);
    expect(stopped(decided([{ ...fresh, requestedAt: NOW - 10_000 }], [busy(1, [running(7)])]))).toEqual(['1: 7']);
  });

  it('stops nobody while something is free, or where nothing would fit anyhow', () => {
    expect(told(decided([wanting(1)], [busy(1, [running(7)]), aWorkerView(2)]))).toEqual(['1@worker-00002']);
    const large = wanting(1, { needs: { gpus: 1, vramMiB: 999_999 } });
    expect(told(decided([large], [busy(1, [running(7)])]))).toEqual(['1:no_fitting_worker']);
  });

  it.each([
    ['the lowest class', [running(7, { priority: 0 }), running(8, { unsavedMs: 60_000 })], '1: 8'],
    ['the least work that is lost', [running(7, { unsavedMs: 3_000 }), running(8, { unsavedMs: 2_999 })], '1: 8'],
    ['the one that started last', [running(7), running(8, { startedAt: NOW - 100_000 })], '1: 8'],
    ['the first by id', [running(8), running(7)], '1: 7'],
  ])('chooses %s', (_, tasks, want) => {
    expect(stopped(decided([wanting(1)], [busy(1, tasks)]))).toEqual([want]);
    expect(
      stopped(
        decided(
          [wanting(1)],
          tasks.map((task, at) => busy(at + 1, [task])),
        ),
      ),
    ).toEqual([want]);
  });

  it('counts what several GPUs lose', () => {
    const wide = running(7, { needs: { gpus: 4, vramMiB: GIB }, unsavedMs: 2_000 });
    expect(stopped(decided([wanting(1)], [busy(1, [wide]), busy(2, [running(8)])]))).toEqual(['1: 8']);
  });

  it('stops as few as make room, and none that is not needed in the end', () => {
    const gpus = idleGpus(4, 80 * GIB, { freeMilli: 0, freeVramMiB: 0 });
    const tasks = [
      running(6, { devices: [0], unsavedMs: 1_000 }),
      running(7, { devices: [1], unsavedMs: 2_000 }),
      running(8, { devices: [2, 3], needs: { gpus: 2, vramMiB: GIB }, unsavedMs: 3_000 }),
    ];
    const worker = busy(1, tasks, { gpus: 4, devices: gpus });
    expect(stopped(decided([wanting(1, { needs: { gpus: 1, vramMiB: GIB } })], [worker]))).toEqual(['1: 6']);
    expect(stopped(decided([wanting(1, { needs: { gpus: 2, vramMiB: GIB } })], [worker]))).toEqual(['1: 6,7']);
    expect(stopped(decided([wanting(1, { needs: { gpus: 3, vramMiB: GIB } })], [worker]))).toEqual(['1: 6,8']);
  });

  it('stops at most so many in a cycle', () => {
    const workers = [1, 2, 3].map((number) => busy(number, [running(number + 6)]));
    const tasks = [1, 2, 3].map((number) => wanting(number));
    expect(stopped(decided(tasks, workers, { maxVictimsPerCycle: 2 }))).toEqual(['1: 7', '2: 8']);
    expect(stopped(decided(tasks, workers))).toEqual(['1: 7', '2: 8', '3: 9']);
  });

  it('does not thrash: while somebody is stopping for it, nobody else has to, and nobody else counts on that room', () => {
    const workers = [busy(1, [running(7, { stopping: true })]), busy(2, [running(8)])];
    const decisions = decided([wanting(1)], workers);
    expect(told(decisions)).toEqual(['1:preempting']);
    expect(stopped(decisions)).toEqual([]);
    expect(stopped(decided([wanting(1), wanting(2)], workers))).toEqual(['2: 8']);
  });

  it('keeps what is free beside its victims for the one that waits', () => {
    const half = busy(1, [running(7, { devices: [1] })], {
      gpus: 2,
      slots: 4,
      devices: [...idleGpus(1, 80 * GIB), ...idleGpus(1, 80 * GIB, { freeMilli: 0, freeVramMiB: 0 })],
    });
    const tasks = [wanting(1, { needs: { gpus: 2, vramMiB: GIB } }), aPendingTask(2, { priority: -1 })];
    expect(told(decided(tasks, [half]))).toEqual(['1:preempting', '2:held_for_older']);
  });

  it('frees slices and shares as well as whole GPUs', () => {
    const slices = [{ vramMiB: 20 * GIB, busy: true }];
    const mig = { mode: 'mig' as const, freeMilli: 0, freeVramMiB: 0, slices };
    const demands = { gpuUse: 'slice' } as const;
    const own = running(7, { devices: [0], demands, needs: { gpus: 1, vramMiB: 15 * GIB } });
    const task = wanting(1, { needs: { gpus: 1, vramMiB: 15 * GIB }, demands });
    expect(stopped(decided([task], [busy(1, [own], { slots: 7, devices: [mig] })]))).toEqual(['1: 7']);
    const shared = { mode: 'shared' as const, freeMilli: 100, freeVramMiB: 79 * GIB, sharers: 1 };
    const sharer = running(7, {
      devices: [0],
      demands: { gpuUse: 'shared', gpuMilli: 900 },
      needs: { gpus: 1, vramMiB: GIB },
    });
    const sharing = wanting(1, { demands: { gpuUse: 'shared', gpuMilli: 500 } });
    expect(
      stopped(decided([sharing], [busy(1, [sharer], { slots: 7, vramMiB: 80 * GIB, devices: [shared] })])),
    ).toEqual(['1: 7']);
  });

  it('is bounded by CPU and memory too', () => {
    const machine = { cpuMilli: 8_000, freeCpuMilli: 2_000, ramMiB: 64 * GIB, freeRamMiB: 8 * GIB, slots: 9 };
    const demands = { cpuMilli: 4_000, ramMiB: 16 * GIB };
    const victim = running(7, { demands: { cpuMilli: 2_000, ramMiB: 8 * GIB } });
    expect(stopped(decided([wanting(1, { demands })], [busy(1, [victim], machine)]))).toEqual(['1: 7']);
    const more = { ...demands, cpuMilli: 4_001 };
    expect(stopped(decided([wanting(1, { demands: more })], [busy(1, [victim], machine)]))).toEqual([]);
  });
});
