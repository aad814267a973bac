import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { decide } from '../decide.js';
import type { GpuView, PendingTask, WorkerView } from '../snapshot.js';
import { ArrivedClasses } from './arrived-classes.js';
import type { PlacedClass } from './class-plans.js';
import { MIX_LIMIT } from './mix-potential.js';

const GPU: GpuView = { freeMilli: 1_000, freeVramMiB: 81_920 };
const NOW = 2_000_000_000_000;
const BUSY: GpuView = { freeMilli: 0, freeVramMiB: 0 };

function ofGpus(gpus: number, taskType = 'ti2v-5B'): PlacedClass {
  return { taskType, needs: { gpus, vramMiB: 1_024 } };
}

function node(number: number, free: number): WorkerView {
  const devices = [0, 1, 2, 3].map((gpu) => (gpu < free ? GPU : BUSY));
  return { ...aWorkerView(number, { gpus: 4, slots: 4, usedSlots: 4 - free }), devices };
}

describe('what arrives', () => {
  it('counts each class, the most frequent first, and no more than an expectation holds', () => {
    const arrived = new ArrivedClasses();
    for (let type = 0; type < MIX_LIMIT + 8; type++) {
      for (let times = 0; times <= type; times++) arrived.add(ofGpus(1, `type-${type}`));
    }
    const popular = arrived.popular();
    expect(popular).toHaveLength(MIX_LIMIT);
    expect(popular[0]).toEqual({ ...ofGpus(1, `type-${MIX_LIMIT + 7}`), weight: MIX_LIMIT + 8 });
    expect(popular.map(({ weight }) => weight)).toEqual(popular.map(({ weight }) => weight).toSorted((a, b) => b - a));
  });

  it('remembers 1,024 classes, however many come', () => {
    const arrived = new ArrivedClasses();
    for (let type = 0; type < 3_000; type++) arrived.add(ofGpus(1, `type-${type}`));
    arrived.add(ofGpus(1, 'type-0'));
    arrived.add(ofGpus(1, 'type-2999'));
    expect(arrived.popular()[0]).toEqual({ ...ofGpus(1, 'type-0'), weight: 2 });
    expect(arrived.popular().some(({ taskType }) => taskType === 'type-2999')).toBe(false);
  });

  it('keeps room for what is expected to come although nothing of it waits (FGD)', () => {
    const arrived = new ArrivedClasses();
    const pending: readonly PendingTask[] = [aPendingTask(1, { needs: { gpus: 1, vramMiB: 1_024 } })];
    const workers = [node(1, 4), node(2, 3)];
    const chosen = (): string => {
      const [first] = decide({ pending, workers, arrivals: arrived.popular() }, { maxPlacements: 10 }, NOW);
      return first?.kind === 'place' ? first.worker.workerId : `${first?.reason}`;
    };
    // Nothing else is known: the tightest fit.
    expect(chosen()).toBe(workers[1]?.workerId);
    for (let times = 0; times < 100; times++) arrived.add(ofGpus(3));
    // Two of those that are expected still fit.
    expect(chosen()).toBe(workers[0]?.workerId);
  });
});
