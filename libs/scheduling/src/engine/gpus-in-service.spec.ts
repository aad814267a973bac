import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aWorker } from '../testing/builders.js';
import { gpusInService, slotsFree } from './gpus-in-service.js';
import type { FaultyGpu, WorkerTraits } from './ports/worker-store.port.js';

const faultOf = (gpu: number): FaultyGpu => ({ gpu, code: 'xid', permanent: false, since: 0, detail: '' });

function worker(gpus: number, slots: number, faulty: number, { usedSlots = 0, tellsGpus = true } = {}) {
  const traits: WorkerTraits = {
    ...(tellsGpus ? { devices: Array.from({ length: gpus }, () => ({ mode: 'whole' as const })) } : {}),
    ...(faulty === 0 ? {} : { faults: Array.from({ length: faulty }, (_, gpu) => faultOf(gpu)) }),
  };
  return { ...aWorker({ gpus, slots, traits }), usedSlots };
}

describe('what of a worker is in service', () => {
  it.each([
    ['all GPUs are sound', worker(8, 8, 0, { usedSlots: 3 }), 8, 5],
    ['GPUs are out', worker(8, 8, 2, { usedSlots: 3 }), 6, 3],
    ['all GPUs are out', worker(2, 2, 2), 0, 0],
    ['several tasks share a GPU, and one is out', worker(2, 8, 1, { usedSlots: 1 }), 1, 3],
    ['there are fewer slots than GPUs, and sound GPUs for each', worker(8, 4, 2), 6, 4],
    ['a task still runs on the one that is out', worker(2, 2, 1, { usedSlots: 2 }), 1, 0],
    ['it tells of slots alone', worker(4, 4, 0, { tellsGpus: false }), 4, 4],
    ['it tells of slots alone, and one is out', worker(4, 4, 1, { tellsGpus: false }), 0, 0],
  ])('SCH-50: %s', (_, told, gpus, slots) => {
    expect([gpusInService(told), slotsFree(told)]).toEqual([gpus, slots]);
  });

  it('SCH-50: without a fault free slots are those not in use; each fault leaves as many or fewer', () => {
    const small = fc.integer({ min: 1, max: 16 });
    fc.assert(
      fc.property(small, small, fc.nat(20), fc.boolean(), (gpus, slots, usedSlots, tellsGpus) => {
        const free = Array.from({ length: gpus + 1 }, (_, faulty) =>
          slotsFree(worker(gpus, slots, faulty, { usedSlots, tellsGpus })),
        );
        expect(free[0]).toBe(Math.max(0, slots - usedSlots));
        expect(free).toEqual(free.toSorted((a, b) => b - a));
        expect(free.at(-1)).toBe(0);
      }),
    );
  });
});
