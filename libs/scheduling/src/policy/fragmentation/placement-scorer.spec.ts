import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClusterCapacity, type NodeSize } from './cluster-capacity.js';
import { ExpectedUse } from './expected-use.js';
import type { NodePotential } from './node-potential.js';
import { PlacementScorer } from './placement-scorer.js';
import type { TaskClass } from './task-class.js';

const NODES: readonly NodeSize[] = [
  { kind: 0, cpuMilli: 16_000, memoryMib: 64, gpus: 2 },
  { kind: 1, cpuMilli: 16_000, memoryMib: 64, gpus: 4 },
  { kind: 0, cpuMilli: 16_000, memoryMib: 64, gpus: 2 },
  { kind: 1, cpuMilli: 8000, memoryMib: 64, gpus: 0 },
  { kind: 0, cpuMilli: 8000, memoryMib: 64, gpus: 2 },
];

/** A potential with many equal values, of integers, that depends on every argument. */
class Coarse implements NodePotential {
  version = 0;
  seed = 1;
  of(kind: number, cpuMilli: number, memoryMib: number, gpus: Int16Array, offset: number, gpuCount: number): number {
    let mixed = this.seed * 31 + kind * 7 + cpuMilli / 1000 + memoryMib;
    for (let gpu = 0; gpu < gpuCount; gpu++) mixed = mixed * 5 + (gpus[offset + gpu] ?? 0) / 250;
    return mixed % 4;
  }
}

/** A potential with which nearly every amount of free CPU has a cost of its own. */
class Varied implements NodePotential {
  readonly version = 0;
  of(_kind: number, cpuMilli: number): number {
    return (cpuMilli * cpuMilli) % 10_007;
  }
}

/** Every node and every GPU, one by one: the least cost, then the lowest node, then the least free GPU. */
function byHand(capacity: ClusterCapacity, potential: NodePotential, task: TaskClass): string | null {
  let best: { readonly cost: number; readonly node: number; readonly gpuMask: number } | null = null;
  for (let node = 0; node < capacity.nodeCount; node++) {
    for (const gpuMask of masksOf(capacity, node, task)) {
      const before = valueOf(capacity, potential, node);
      capacity.take(node, task.cpuMilli, task.memoryMib, task.gpuMilli, gpuMask);
      const cost = valueOf(capacity, potential, node) - before;
      capacity.release(node, task.cpuMilli, task.memoryMib, task.gpuMilli, gpuMask);
      if (best === null || cost < best.cost) best = { cost, node, gpuMask };
    }
  }
  return best === null ? null : `${best.node}/${best.gpuMask}`;
}

function masksOf(capacity: ClusterCapacity, node: number, task: TaskClass): readonly number[] {
  const gpus = [
    ...capacity.freeGpuMilli.subarray(node * capacity.stride, node * capacity.stride + (capacity.gpuCount[node] ?? 0)),
  ];
  if ((capacity.freeCpuMilli[node] ?? 0) < task.cpuMilli || (capacity.freeMemoryMib[node] ?? 0) < task.memoryMib)
    return [];
  if (task.kinds !== null && task.kinds[capacity.kind[node] ?? 0] !== 1) return [];
  if (task.gpus === 0) return [0];
  if (gpus.filter((free) => free >= task.gpuMilli).length < task.gpus) return [];
  if (task.gpus > 1) return [capacity.tightestGpus(node, task.gpuMilli, task.gpus)];
  const frees = [...new Set(gpus.filter((free) => free >= task.gpuMilli))].sort((a, b) => a - b);
  return frees.map((free) => 1 << gpus.indexOf(free));
}

function valueOf(capacity: ClusterCapacity, potential: NodePotential, node: number): number {
  const gpuCount = capacity.gpuCount[node] ?? 0;
  const gpus = capacity.freeGpuMilli.slice(node * capacity.stride, node * capacity.stride + gpuCount).sort();
  const memoryMib = capacity.freeMemoryMib[node] ?? 0;
  return potential.of(capacity.kind[node] ?? 0, capacity.freeCpuMilli[node] ?? 0, memoryMib, gpus, 0, gpuCount);
}

function task(overrides: Partial<TaskClass> = {}): TaskClass {
  return { cpuMilli: 1000, memoryMib: 1, gpus: 1, gpuMilli: 500, kinds: null, ...overrides };
}

const CLASSES: readonly TaskClass[] = [
  task(),
  task({ gpuMilli: 250 }),
  task({ gpuMilli: 1000, cpuMilli: 2000 }),
  task({ gpus: 2, gpuMilli: 1000 }),
  task({ gpus: 2, gpuMilli: 500 }),
  task({ gpus: 0, gpuMilli: 0, cpuMilli: 3000 }),
  task({ kinds: Uint8Array.of(0, 1) }),
];

describe('PlacementScorer', () => {
  it('SCH-40: chooses what looking at every node and GPU would choose, ties by index, through takes and releases', () => {
    const moves = fc.array(fc.record({ task: fc.nat(CLASSES.length - 1), then: fc.nat(5) }), { maxLength: 50 });
    fc.assert(
      fc.property(moves, (script) => {
        const capacity = new ClusterCapacity(NODES);
        const potential = new Coarse();
        const scorer = new PlacementScorer(capacity, potential);
        const taken: (() => void)[] = [];
        for (const move of script) {
          const taskClass = CLASSES[move.task] ?? task();
          const wanted = byHand(capacity, potential, taskClass);
          const choice = scorer.choose(taskClass);
          expect(choice === null ? null : `${choice.node}/${choice.gpuMask}`).toBe(wanted);
          if (choice !== null) {
            const { node, gpuMask } = choice;
            capacity.take(node, taskClass.cpuMilli, taskClass.memoryMib, taskClass.gpuMilli, gpuMask);
            taken.push(() =>
              capacity.release(node, taskClass.cpuMilli, taskClass.memoryMib, taskClass.gpuMilli, gpuMask),
            );
          }
          if (move.then === 0) for (const release of taken.splice(0)) release();
          if (move.then === 1) taken.shift()?.();
          if (move.then === 2) {
            potential.seed += 1;
            potential.version += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([new Coarse(), new Varied()])('is not misled by shapes whose ids were given to others', (potential) => {
    const capacity = new ClusterCapacity(NODES.map((node) => ({ ...node, cpuMilli: 1_000_000 + node.cpuMilli })));
    const scorer = new PlacementScorer(capacity, potential);
    const one = task();
    let wrong = 0;
    for (let change = 0; change < 15_000; change++) {
      capacity.take((change * 7) % 5, 1 + (change % 7), 0, 0, 0);
      if (change % 2 === 0) continue;
      const choice = scorer.choose(one);
      if ((choice === null ? null : `${choice.node}/${choice.gpuMask}`) !== byHand(capacity, potential, one))
        wrong += 1;
    }
    expect(wrong).toBe(0);
    expect(Math.max(...capacity.shapes.generation)).toBeGreaterThan(1);
  });

  it('gives the cost of its choice', () => {
    const capacity = new ClusterCapacity(NODES.slice(0, 1));
    const potential = new ExpectedUse([{ taskClass: task(), weight: 1 }], 2);
    const choice = new PlacementScorer(capacity, potential).choose(task());
    const before = valueOf(capacity, potential, 0);
    capacity.take(0, 1000, 1, 500, 1);
    expect(choice?.cost).toBeCloseTo(valueOf(capacity, potential, 0) - before, 9);
  });

  it('answers null when no node has room', () => {
    const scorer = new PlacementScorer(new ClusterCapacity(NODES), new Coarse());
    expect(scorer.choose(task({ memoryMib: 65 }))).toBeNull();
    expect(scorer.choose(task({ gpus: 5 }))).toBeNull();
    expect(scorer.choose(task({ kinds: Uint8Array.of(0, 0) }))).toBeNull();
  });
});
