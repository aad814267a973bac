import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClusterCapacity } from './cluster-capacity.js';
import { ExpectedUse } from './expected-use.js';
import { FeedableGpu } from './feedable-gpu.js';
import { fillStep, GpuFill } from './gpu-fill.js';
import { GpuSets } from './gpu-sets.js';
import { PlacementScorer } from './placement-scorer.js';
import type { TaskClass, WeightedClass } from './task-class.js';

const AMPLE = 1_000_000;
/** Probability that another task is offered (gpu-fill.ts: 10 offers in the mean). */
const Q = 0.9;

/** A task of one whole GPU with one CPU. */
function task(overrides: Partial<TaskClass> = {}): TaskClass {
  return { cpuMilli: 1000, memoryMib: 1, gpus: 1, gpuMilli: 1000, kinds: null, ...overrides };
}

function expectedUse(classes: readonly WeightedClass[]): (cpuMilli: number, ...gpus: number[]) => number {
  const potential = new ExpectedUse(classes, 2);
  return (cpuMilli, ...gpus) => -potential.of(0, cpuMilli, AMPLE, Int16Array.from(gpus), 0, gpus.length);
}

/** Where the policy puts one task when these are all that it expects. */
function placed(
  nodes: readonly { readonly cpuMilli: number; readonly gpus: number }[],
  expected: readonly WeightedClass[],
  one: TaskClass,
  before: (capacity: ClusterCapacity) => void = () => undefined,
): number | undefined {
  const capacity = new ClusterCapacity(nodes.map((node) => ({ ...node, kind: 0, memoryMib: AMPLE })));
  before(capacity);
  return new PlacementScorer(capacity, new ExpectedUse(expected, 1)).choose(one)?.node;
}

describe('GpuFill', () => {
  it('expects what random arrivals fill: worked by hand for halves', () => {
    // Half a GPU is taken by the only class with probability q, the other half then with q again.
    const table = new GpuFill([{ taskClass: task({ gpuMilli: 500 }), weight: 1 }], 1).table(0, AMPLE);
    expect(table[fillStep(490)]).toBe(0);
    expect(table[fillStep(500)]).toBeCloseTo(Q * 500, 9);
    expect(table[fillStep(999)]).toBeCloseTo(Q * 500, 9);
    expect(table[fillStep(1000)]).toBeCloseTo(Q * (500 + Q * 500), 9);
  });

  it('expects less of what only a rare class can use', () => {
    const classes = [
      { taskClass: task({ gpuMilli: 800 }), weight: 0.99 },
      { taskClass: task({ gpuMilli: 200 }), weight: 0.01 },
    ];
    const table = new GpuFill(classes, 1).table(0, AMPLE);
    // The chance that the rare one comes before there is no other: q·p ÷ (1 − q·(1 − p)).
    const comes = (Q * 0.01) / (1 - Q * 0.99);
    expect(table[fillStep(200)]).toBeCloseTo(comes * 200, 9);
    expect(comes).toBeLessThan(0.5);
  });

  it('counts only classes that the CPU and the kind of the node allow, and rounds a demand up', () => {
    const classes = [
      { taskClass: task({ gpuMilli: 500, cpuMilli: 4000 }), weight: 0.5 },
      { taskClass: task({ gpuMilli: 500, kinds: Uint8Array.of(0, 1) }), weight: 0.25 },
      { taskClass: task({ gpuMilli: 501, cpuMilli: 2000 }), weight: 0.25 },
    ];
    const fill = new GpuFill(classes, 2);
    expect(fill.table(0, 1999)[fillStep(1000)]).toBe(0);
    expect(fill.table(1, 1000)[fillStep(500)]).toBeGreaterThan(0);
    expect(fill.table(0, 2000)[fillStep(509)]).toBe(0);
    expect(fill.table(0, 2000)[fillStep(510)]).toBeGreaterThan(0);
    expect(fill.table(0, 4000)[fillStep(500)]).toBeGreaterThan(0);
  });

  it('keeps the number of CPU amounts that it tells apart bounded, at no class that does not fit', () => {
    const classes = Array.from({ length: 500 }, (_, at) => {
      return { taskClass: task({ gpuMilli: 500, cpuMilli: 1000 + at }), weight: 1 / 500 };
    });
    const fill = new GpuFill(classes, 1);
    const distinct = new Set(Array.from({ length: 600 }, (_, at) => fill.table(0, 950 + at)));
    expect(distinct.size).toBeLessThanOrEqual(65);
    expect(fill.table(0, 999)[fillStep(1000)]).toBe(0);
  });
});

describe('FeedableGpu', () => {
  const byCpu = (classes: readonly WeightedClass[]): FeedableGpu => new FeedableGpu(classes, 2, (one) => one.cpuMilli);

  it('is the share of the free GPU that the CPU feeds, worked by hand', () => {
    const classes = [
      { taskClass: task({ cpuMilli: 4000 }), weight: 0.5 },
      { taskClass: task({ cpuMilli: 16_000 }), weight: 0.25 },
      { taskClass: task({ cpuMilli: 9000, gpus: 0, gpuMilli: 0 }), weight: 0.25 },
    ];
    // 8 CPU thousandths for each GPU thousandth: the first class in full, the second by half, the third never.
    expect(byCpu(classes).share(0, 8)).toBeCloseTo(0.5 + 0.25 / 2, 12);
    expect(byCpu(classes).share(0, 16)).toBeCloseTo(0.75, 12);
    expect(byCpu(classes).share(0, 0)).toBe(0);
  });

  it('grows with CPU and ever less so: the price of CPU falls where there is more of it', () => {
    const shares = fc.array(fc.tuple(fc.integer({ min: 0, max: 64_000 }), fc.integer({ min: 1, max: 8 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(shares, fc.nat(40), (classes, at) => {
        const weight = 1 / classes.length;
        const curve = byCpu(classes.map(([cpuMilli, gpus]) => ({ taskClass: task({ cpuMilli, gpus }), weight })));
        const [low, middle, high] = [curve.share(0, at), curve.share(0, at + 1), curve.share(0, at + 2)];
        expect(middle).toBeGreaterThanOrEqual(low - 1e-12);
        expect(middle - low).toBeGreaterThanOrEqual(high - middle - 1e-12);
        expect(high).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });

  it('counts only classes that may use the kind', () => {
    const curve = byCpu([{ taskClass: task({ kinds: Uint8Array.of(0, 1) }), weight: 1 }]);
    expect(curve.share(0, 100)).toBe(0);
    expect(curve.share(1, 100)).toBe(1);
  });
});

describe('GpuSets', () => {
  const sets = (taskClass: TaskClass): GpuSets => new GpuSets([{ taskClass, weight: 0.5 }], 1);
  const use = (taskClass: TaskClass, cpuMilli: number, ...gpus: number[]): number =>
    sets(taskClass).use(0, cpuMilli, AMPLE, Int16Array.from(gpus), 0, gpus.length);

  it('is the mean of all GPUs that are free enough and those that copies take, worked by hand', () => {
    const pair = task({ gpus: 2, cpuMilli: 4000 });
    expect(use(pair, 8000, 500, 1000, 1000, 1000)).toBe(0.5 * ((3000 + 2000) / 2));
    expect(use(pair, 4000, 1000, 1000, 1000, 1000)).toBe(0.5 * ((4000 + 2000) / 2));
    expect(use(pair, 3999, 1000, 1000, 1000, 1000)).toBe(0);
    expect(use(pair, 8000, 0, 500, 500, 1000)).toBe(0);
    expect(use(pair, 8000, 1000)).toBe(0);
  });

  it('knows parts of several GPUs', () => {
    const halves = task({ gpus: 2, gpuMilli: 500, cpuMilli: 0, memoryMib: 0 });
    expect(use(halves, 0, 400, 600, 700)).toBe(0.5 * ((1300 + 1000) / 2));
  });

  it('passes over memory that is short, and classes of one GPU', () => {
    const gpus = Int16Array.of(1000, 1000);
    expect(sets(task({ gpus: 2, memoryMib: 5 })).use(0, AMPLE, 4, gpus, 0, 2)).toBe(0);
    expect(sets(task({ gpus: 1 })).use(0, AMPLE, AMPLE, gpus, 0, 2)).toBe(0);
  });
});

describe('ExpectedUse', () => {
  it('expects nothing of a full node, and nothing at all before it was told what to expect', () => {
    expect(expectedUse([{ taskClass: task(), weight: 1 }])(AMPLE, 0, 0)).toBeCloseTo(0, 12);
    expect(expectedUse([])(AMPLE, 1000, 1000)).toBeCloseTo(0, 12);
  });

  it('is the mean of its three views', () => {
    const pair = { taskClass: task({ gpus: 2, cpuMilli: 4000 }), weight: 1 };
    const single = { taskClass: task({ gpuMilli: 500, cpuMilli: 1000 }), weight: 3 };
    const filled = 2 * ((Q * 0.75 * (500 + (Q * 0.75 * 500) / (1 - Q * 0.25))) / (1 - Q * 0.25));
    const fed = 0.25 + 0.75;
    const inSets = 0.25 * 2000;
    expect(expectedUse([pair, single])(4000, 1000, 1000)).toBeCloseTo((filled + fed * 2000 + inSets) / 3, 9);
  });

  it('lets the scarcer of CPU and memory decide what can be fed', () => {
    const potential = new ExpectedUse([{ taskClass: task({ cpuMilli: 1000, memoryMib: 1000 }), weight: 1 }], 1);
    const gpus = Int16Array.of(1000);
    const short = potential.of(0, AMPLE, 500, gpus, 0, 1);
    expect(short).toBeGreaterThan(potential.of(0, AMPLE, 1000, gpus, 0, 1));
    expect(potential.of(0, AMPLE, 1000, gpus, 0, 1)).toBe(potential.of(0, AMPLE, AMPLE, gpus, 0, 1));
  });

  it('has another version once it expects other classes', () => {
    const potential = new ExpectedUse([], 1);
    const before = potential.version;
    potential.expect([{ taskClass: task(), weight: 1 }]);
    expect(potential.version).toBeGreaterThan(before);
    expect(potential.of(0, AMPLE, AMPLE, Int16Array.of(1000), 0, 1)).toBeLessThan(0);
  });

  it('SCH-40: keeps a whole node for the 8-GPU shape', () => {
    const eight = { taskClass: task({ gpus: 8 }), weight: 1 };
    const single = { taskClass: task(), weight: 9 };
    const nodes = [
      { cpuMilli: AMPLE, gpus: 8 },
      { cpuMilli: AMPLE, gpus: 8 },
    ];
    const used = (capacity: ClusterCapacity): void => capacity.take(1, 0, 0, 1000, 1);
    expect(placed(nodes, [eight, single], task(), used)).toBe(1);
  });

  it('SCH-40: puts a part of a GPU where the rest fits others', () => {
    // 300 of 300 leaves nothing over; 300 of 500 leaves 200 that no class can use.
    const expected = [500, 300].map((gpuMilli) => ({ taskClass: task({ gpuMilli }), weight: 1 }));
    const nodes = [
      { cpuMilli: AMPLE, gpus: 1 },
      { cpuMilli: AMPLE, gpus: 1 },
    ];
    const used = (capacity: ClusterCapacity): void => {
      capacity.take(0, 0, 0, 500, 1);
      capacity.take(1, 0, 0, 700, 1);
    };
    expect(placed(nodes, expected, task({ gpuMilli: 300 }), used)).toBe(1);
  });

  it('SCH-40: spares the CPU of a node that would run out of it before its GPUs', () => {
    const expected = [4000, 8000].map((cpuMilli) => ({ taskClass: task({ cpuMilli }), weight: 1 }));
    const poor = { cpuMilli: 32_000, gpus: 8 };
    const rich = { cpuMilli: 96_000, gpus: 8 };
    const kindOf = (one: TaskClass): readonly unknown[] => [
      [poor, rich][placed([poor, rich], expected, one) ?? -1],
      [rich, poor][placed([rich, poor], expected, one) ?? -1],
    ];
    expect(kindOf(task({ gpus: 0, gpuMilli: 0, cpuMilli: 8000 }))).toEqual([rich, rich]);
    expect(kindOf(task({ cpuMilli: 1000 }))).toEqual([poor, poor]);
    expect(kindOf(task({ cpuMilli: 8000 }))).toEqual([rich, rich]);
  });
});
