import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRng } from '@millrace/kernel';
import type { SharingNode } from '../../traces/gpu-sharing-nodes.js';
import type { SharingPod } from '../../traces/gpu-sharing-pods.js';
import { bestFit } from './baselines/best-fit.js';
import { dotProduct } from './baselines/dot-product.js';
import { fgd } from './baselines/fgd.js';
import { packing } from './baselines/packing.js';
import { random } from './baselines/random.js';
import { millraceSharing } from './millrace-sharing.js';
import { allocatedPercent, type SharingPolicy } from './sharing-simulation.js';
import { drawArrivals, sharingWorkload, type SharingWorkload } from './sharing-workload.js';

const POLICIES = [random, dotProduct, packing, bestFit, fgd, millraceSharing];

function node(overrides: Partial<SharingNode> = {}): SharingNode {
  return { name: 'n', cpuMilli: 32_000, memoryMib: 65_536, gpus: 4, model: 'T4', ...overrides };
}

function pod(overrides: Partial<SharingPod> = {}): SharingPod {
  return { cpuMilli: 4000, memoryMib: 8192, gpus: 1, gpuMilli: 1000, models: [], ...overrides };
}

interface Placed {
  readonly node: number;
  readonly gpuMask: number;
}

/** Where each arriving task went. */
function placements(workload: SharingWorkload, policy: SharingPolicy, seed: number): readonly (Placed | null)[] {
  const rng = seededRng(seed);
  const arrivals = drawArrivals(workload, 1.3, rng);
  const placed: (Placed | null)[] = [];
  const watched: SharingPolicy = {
    name: policy.name,
    start: (...given) => {
      const placer = policy.start(...given);
      return {
        choose: (index) => {
          const seat = placer.choose(index);
          placed.push(seat === null ? null : { node: seat.node, gpuMask: seat.gpuMask });
          return seat;
        },
      };
    },
  };
  allocatedPercent(workload, arrivals, watched, rng);
  return placed;
}

/** Adds up what each node and GPU gave, apart from the policies' own state. */
function assertNothingOversubscribed(
  nodes: readonly SharingNode[],
  workload: SharingWorkload,
  policy: SharingPolicy,
  seed: number,
): void {
  const arrivals = drawArrivals(workload, 1.3, seededRng(seed));
  const left = nodes.map((one) => ({ ...one, gpuMilli: new Array<number>(one.gpus).fill(1000) }));
  placements(workload, policy, seed).forEach((placed, at) => {
    const task = workload.classes[arrivals[at] ?? -1];
    const one = placed === null ? undefined : left[placed.node];
    if (task === undefined || one === undefined || placed === null) return;
    const gpus = one.gpuMilli.map((_, gpu) => gpu).filter((gpu) => (placed.gpuMask & (1 << gpu)) !== 0);
    left[placed.node] = {
      ...one,
      cpuMilli: one.cpuMilli - task.cpuMilli,
      memoryMib: one.memoryMib - task.memoryMib,
      gpuMilli: one.gpuMilli.map((milli, gpu) => (gpus.includes(gpu) ? milli - task.gpuMilli : milli)),
    };
    expect(gpus).toHaveLength(task.gpus);
    if (task.kinds !== null) expect(task.kinds[workload.nodes[placed.node]?.kind ?? -1]).toBe(1);
  });
  for (const one of left) expect(Math.min(one.cpuMilli, one.memoryMib, ...one.gpuMilli)).toBeGreaterThanOrEqual(0);
}

describe('cell F', () => {
  const pods = fc.array(
    fc.record<SharingPod>({
      cpuMilli: fc.integer({ min: 0, max: 40_000 }),
      memoryMib: fc.integer({ min: 0, max: 70_000 }),
      gpus: fc.integer({ min: 0, max: 5 }),
      gpuMilli: fc.integer({ min: 1, max: 1000 }),
      models: fc.constantFrom([], ['T4'], ['P100'], ['P100', 'T4'], ['none']),
    }),
    { maxLength: 8 },
  );
  const NODES = [node(), node({ gpus: 2, model: 'P100' }), node({ gpus: 8, cpuMilli: 96_000 }), node({ gpus: 0 })];

  it.each(POLICIES)('gives no GPU, CPU or memory twice, and keeps to the models asked for: $name', (policy) => {
    fc.assert(
      fc.property(pods, fc.nat(1000), (list, seed) => {
        const whole = list.map((one) => (one.gpus === 0 ? { ...one, gpuMilli: 0 } : one));
        assertNothingOversubscribed(NODES, sharingWorkload(NODES, [pod(), ...whole]), policy, seed);
      }),
      { numRuns: 40 },
    );
  });

  it.each(POLICIES)('places the same with the same seed, and loses no task that fits: $name', (policy) => {
    const list = [pod(), pod({ gpuMilli: 300 }), pod({ gpus: 2 }), pod({ gpus: 0, gpuMilli: 0 })];
    const workload = sharingWorkload(NODES, list);
    const first = placements(workload, policy, 7);
    expect(placements(workload, policy, 7)).toEqual(first);
    expect(first.findIndex((placed) => placed === null)).toBeGreaterThan(10);
  });

  it('is full when every task is one GPU and nothing else runs out', () => {
    const nodes = [node(), node()];
    const workload = sharingWorkload(nodes, [pod({ cpuMilli: 1000, memoryMib: 1 })]);
    for (const policy of POLICIES) {
      expect(allocatedPercent(workload, drawArrivals(workload, 1.3, seededRng(1)), policy, seededRng(1))).toBe(100);
    }
  });

  const times = (count: number, one: Partial<SharingPod>): readonly SharingPod[] =>
    new Array<SharingPod>(count).fill(pod({ memoryMib: 1, ...one }));
  const meanOf = (workload: SharingWorkload, policy: SharingPolicy): number =>
    [1, 2, 3].reduce((sum, seed) => {
      const rng = seededRng(seed);
      return sum + allocatedPercent(workload, drawArrivals(workload, 1.3, rng), policy, rng) / 3;
    }, 0);

  it('SCH-40: allocates more than FGD where parts of GPUs fit together and whole nodes are asked for', () => {
    const nodes = Array.from({ length: 100 }, () => node({ cpuMilli: 128_000, gpus: 8 }));
    const list = [
      ...times(30, { gpuMilli: 330 }),
      ...times(30, { gpuMilli: 600 }),
      ...times(20, { gpuMilli: 400 }),
      ...times(10, {}),
      ...times(2, { gpus: 8, cpuMilli: 64_000 }),
    ];
    const workload = sharingWorkload(nodes, list);
    expect(meanOf(workload, millraceSharing)).toBeGreaterThan(meanOf(workload, fgd) + 1.5);
  });

  it('SCH-40: does not leave GPUs half filled for halves that may not come', () => {
    const sizes = [
      node({ cpuMilli: 104_000, gpus: 2 }),
      node({ cpuMilli: 16_000, gpus: 2 }),
      node({ cpuMilli: 96_000, gpus: 8 }),
    ];
    const nodes = Array.from({ length: 60 }, (_, at) => sizes[at % 3] ?? node());
    const list = [
      ...times(6, { cpuMilli: 3000, gpuMilli: 800 }),
      ...times(9, { cpuMilli: 12_000 }),
      ...times(5, { cpuMilli: 10_000, gpuMilli: 500 }),
      ...times(3, { cpuMilli: 3000 }),
      ...times(4, { cpuMilli: 20_000, gpus: 0, gpuMilli: 0 }),
    ];
    const workload = sharingWorkload(nodes, list);
    expect(meanOf(workload, millraceSharing)).toBeGreaterThan(meanOf(workload, fgd) - 0.2);
  });

  it('learns from arrivals alone: pods that did not arrive yet change nothing', () => {
    const list = [pod(), pod({ gpuMilli: 300 })];
    const known = sharingWorkload(NODES, list);
    const more = sharingWorkload(NODES, [...list, pod({ gpus: 8 }), pod({ gpuMilli: 700 })]);
    const arrivals = Int32Array.from({ length: 20 }, (_, at) => at % 2);
    const shareOf = (workload: SharingWorkload): number =>
      allocatedPercent(workload, arrivals, millraceSharing, seededRng(1));
    expect(shareOf(more)).toBe(shareOf(known));
  });
});

describe('drawArrivals', () => {
  const workload = sharingWorkload([node()], [pod(), pod({ gpuMilli: 300 }), pod({ gpus: 0, gpuMilli: 0 }), pod()]);

  it('stops with the task that reaches 130 % of the GPUs', () => {
    const arrivals = drawArrivals(workload, 1.3, seededRng(3));
    const milli = [...arrivals].map(
      (index) => (workload.classes[index]?.gpus ?? 0) * (workload.classes[index]?.gpuMilli ?? 0),
    );
    const total = milli.reduce((sum, one) => sum + one, 0);
    expect(total).toBeGreaterThanOrEqual(5200);
    expect(total - (milli.at(-1) ?? 0)).toBeLessThan(5200);
  });

  it('draws pods as often as the list has them, equal ones as one class', () => {
    expect(workload.classes).toHaveLength(3);
    const arrivals = drawArrivals(workload, 2000, seededRng(3));
    const share = arrivals.filter((index) => index === 0).length / arrivals.length;
    expect(share).toBeGreaterThan(0.48);
    expect(share).toBeLessThan(0.52);
  });

  it('says so when no amount of tasks fills the cluster', () => {
    const idle = sharingWorkload([node()], [pod({ gpus: 0, gpuMilli: 0 })]);
    expect(() => drawArrivals(idle, 1.3, seededRng(1))).toThrow('hardly one needs a GPU');
  });
});
