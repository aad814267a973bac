import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { decide } from '../decide.js';
import type { GpuView, PendingTask, PlacedClass, WorkerView } from '../snapshot.js';
import { ArrivedClasses } from './arrived-classes.js';
import { expectedMix } from './expected-mix.js';

const GPU: GpuView = { freeMilli: 1_000, freeVramMiB: 81_920 };
const POPULAR = 64;
const HALF_LIFE_MS = 6 * 3_600_000;
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
    for (let type = 0; type < POPULAR + 8; type++) {
      for (let times = 0; times <= type; times++) arrived.add(ofGpus(1, `type-${type}`), NOW);
    }
    const popular = arrived.popular();
    expect(popular).toHaveLength(POPULAR);
    expect(popular[0]).toEqual({ ...ofGpus(1, `type-${POPULAR + 7}`), weight: POPULAR + 8 });
    expect(popular.map(({ weight }) => weight)).toEqual(popular.map(({ weight }) => weight).toSorted((a, b) => b - a));
  });

  it('remembers 1,024 classes, however many come', () => {
    const arrived = new ArrivedClasses();
    for (let type = 0; type < 3_000; type++) arrived.add(ofGpus(1, `type-${type}`), NOW);
    arrived.add(ofGpus(1, 'type-0'), NOW);
    arrived.add(ofGpus(1, 'type-2999'), NOW);
    expect(arrived.popular()[0]).toEqual({ ...ofGpus(1, 'type-0'), weight: 2 });
    expect(arrived.popular().some(({ taskType }) => taskType === 'type-2999')).toBe(false);
  });

  it('counts what arrived a half-life ago half, and forgets what no longer comes', () => {
    const arrived = new ArrivedClasses();
    for (let times = 0; times < 8; times++) arrived.add(ofGpus(1), NOW);
    for (let times = 0; times < 3; times++) arrived.add(ofGpus(2), NOW + HALF_LIFE_MS);
    expect(arrived.popular().map(({ needs, weight }) => [needs.gpus, weight])).toEqual([
      [1, 4],
      [2, 3],
    ]);
    arrived.add(ofGpus(4), NOW + 1_000 * HALF_LIFE_MS);
    expect(arrived.popular()).toEqual([{ ...ofGpus(4), weight: 1 }]);
  });

  it('lets what waits now weigh as much as all that has arrived', () => {
    const arrived = new ArrivedClasses();
    for (let times = 0; times < 9_000; times++) arrived.add(ofGpus(1), NOW);
    for (let times = 0; times < 3_000; times++) arrived.add(ofGpus(2), NOW);
    const mix = expectedMix([ofGpus(1), ofGpus(4), ofGpus(4), ofGpus(4)], arrived.popular());
    expect(mix.map(({ example, weight }) => [example.needs.gpus, weight])).toEqual([
      [1, 1],
      [4, 0.75],
      [2, 0.25],
    ]);
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
    for (let times = 0; times < 100; times++) arrived.add(ofGpus(3), NOW);
    // Two of those that are expected still fit.
    expect(chosen()).toBe(workers[0]?.workerId);
  });
});
