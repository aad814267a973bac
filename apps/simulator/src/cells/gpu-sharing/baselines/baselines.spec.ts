import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { ClusterCapacity, type NodeSize, type TaskClass } from '@millrace/scheduling/policy';
import type { SharingPolicy } from '../sharing-simulation.js';
import type { SharingWorkload } from '../sharing-workload.js';
import { bestFit } from './best-fit.js';
import { dotProduct } from './dot-product.js';
import { fgd, fragmentationMilli } from './fgd.js';
import { packing } from './packing.js';
import { random } from './random.js';
import { typicalClasses, type TypicalClass } from './typical-classes.js';

function task(overrides: Partial<TaskClass> = {}): TaskClass {
  return { cpuMilli: 4000, memoryMib: 1, gpus: 1, gpuMilli: 1000, kinds: null, ...overrides };
}

function node(overrides: Partial<NodeSize> = {}): NodeSize {
  return { kind: 0, cpuMilli: 32_000, memoryMib: 1000, gpus: 4, ...overrides };
}

function workloadOf(
  nodes: readonly NodeSize[],
  classes: readonly TaskClass[],
  counts: readonly number[],
): SharingWorkload {
  const classOfPod = Int32Array.from(counts.flatMap((count, index) => new Array<number>(count).fill(index)));
  return { nodes, kinds: 2, classes, classOfPod };
}

/** Seats that the policy takes with several seeds, that is, with several orders of names, for the first class. */
function seats(
  policy: SharingPolicy,
  workload: SharingWorkload,
  prepare?: (capacity: ClusterCapacity) => void,
): string[] {
  const found = Array.from({ length: 60 }, (_, seed) => {
    const capacity = new ClusterCapacity(workload.nodes);
    prepare?.(capacity);
    const seat = policy.start(workload, capacity, seededRng(seed)).choose(0);
    return seat === null ? 'none' : `${seat.node}/${seat.gpuMask}`;
  });
  return [...new Set(found)].sort();
}

describe('fragmentationMilli', () => {
  const popular = (taskClass: TaskClass, popularity: number): TypicalClass => ({ taskClass, popularity });
  const fragmentation = (typical: readonly TypicalClass[], cpuMilli: number, ...gpus: number[]): number =>
    fragmentationMilli(typical, 0, cpuMilli, Int16Array.from(gpus), gpus.length);

  it('is what the paper defines, case by case', () => {
    // 200 + 500 + 1000 + 1000 = 2700 free, 8 CPUs.
    const free = [200, 500, 1000, 1000] as const;
    expect(fragmentation([popular(task({ gpuMilli: 400 }), 1)], 8000, ...free)).toBe(200);
    expect(fragmentation([popular(task({ gpus: 2 }), 1)], 8000, ...free)).toBe(700);
    expect(fragmentation([popular(task({ gpus: 3 }), 1)], 8000, ...free)).toBe(2700);
    expect(fragmentation([popular(task({ gpuMilli: 100, cpuMilli: 8001 }), 1)], 8000, ...free)).toBe(2700);
    expect(fragmentation([popular(task({ gpus: 3, cpuMilli: 8001 }), 1)], 8000, ...free)).toBe(2700);
    expect(fragmentation([popular(task({ gpus: 0, gpuMilli: 0 }), 1)], 8000, ...free)).toBe(2700);
    expect(fragmentation([popular(task({ kinds: Uint8Array.of(0, 1) }), 1)], 8000, ...free)).toBe(2700);
    expect(fragmentation([popular(task(), 1)], 8000, 0, 0)).toBe(0);
  });

  it('is the mean over classes, weighted by popularity', () => {
    const typical = [
      popular(task({ gpuMilli: 400 }), 0.5),
      popular(task({ gpus: 2 }), 0.25),
      popular(task({ gpus: 8 }), 0.25),
    ];
    expect(fragmentation(typical, 8000, 200, 500, 1000, 1000)).toBe(0.5 * 200 + 0.25 * 700 + 0.25 * 2700);
  });
});

describe('typicalClasses', () => {
  it('are the most popular ones that make up 95 %, without regard to memory, with popularities that sum to 1', () => {
    const classes = [task(), task({ memoryMib: 2 }), task({ gpuMilli: 500 }), task({ gpus: 2 }), task({ gpus: 4 })];
    const typical = typicalClasses(workloadOf([node()], classes, [40, 35, 20, 3, 2]));
    expect(typical.map(({ taskClass }) => taskClass)).toEqual([classes[0], classes[2]]);
    expect(typical[0]?.popularity).toBeCloseTo(75 / 95, 12);
    expect(typical[1]?.popularity).toBeCloseTo(20 / 95, 12);
  });

  it('takes the larger need first among equally popular ones', () => {
    const classes = [task({ cpuMilli: 1000 }), task({ cpuMilli: 9000 }), task({ gpuMilli: 1 })];
    const typical = typicalClasses(workloadOf([node()], classes, [4, 4, 92]));
    expect(typical.map(({ taskClass }) => taskClass)).toEqual([classes[2], classes[1]]);
  });
});

describe('published policies', () => {
  it('FGD takes the placement that adds least fragmentation', () => {
    const halves = task({ gpuMilli: 500 });
    const workload = workloadOf([node({ gpus: 1 }), node({ gpus: 1 })], [halves, task()], [1, 3]);
    expect(seats(fgd, workload, (capacity) => capacity.take(1, 0, 0, 500, 1))).toEqual(['1/1']);
    const three = workloadOf([node({ gpus: 2 })], [task({ gpuMilli: 300 }), task()], [1, 3]);
    expect(seats(fgd, three, (capacity) => capacity.take(0, 0, 0, 700, 0b10))).toEqual(['0/2']);
  });

  it('best fit keeps the least free, dot product goes where the least is asked of what is there', () => {
    const nodes = [node(), node({ cpuMilli: 8000, gpus: 1 })];
    expect(seats(bestFit, workloadOf(nodes, [task()], [1]))).toEqual(['1/1']);
    expect(seats(dotProduct, workloadOf(nodes, [task()], [1]))).toEqual(['1/1']);
  });

  it('packing takes GPUs in use, then nodes in use, then small nodes', () => {
    const nodes = [node({ gpus: 8 }), node(), node()];
    const shared = workloadOf(nodes, [task({ gpuMilli: 300 })], [1]);
    const used = (capacity: ClusterCapacity): void => {
      capacity.take(0, 0, 0, 400, 0b1000);
      capacity.take(1, 0, 0, 600, 0b0100);
    };
    expect(seats(packing, shared, used)).toEqual(['1/4']);
    expect(seats(packing, workloadOf(nodes, [task()], [1]), used)).toEqual(['0/1', '1/1']);
    expect(seats(packing, workloadOf(nodes, [task()], [1]))).toEqual(['1/1', '2/1']);
  });

  it('random takes any node and any GPU with room', () => {
    const workload = workloadOf(
      [node({ gpus: 2 }), node({ gpus: 1 }), node({ cpuMilli: 1 })],
      [task({ gpuMilli: 300 })],
      [1],
    );
    expect(seats(random, workload)).toEqual(['0/1', '0/2', '1/1']);
  });
});
