import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClusterCapacity, type NodeSize } from './cluster-capacity.js';

const WHOLE = 1000;

/** A node of two GPUs, 8 CPUs and 32 GiB, unless told otherwise. */
function node(overrides: Partial<NodeSize> = {}): NodeSize {
  return { kind: 0, cpuMilli: 8000, memoryMib: 32_768, gpus: 2, ...overrides };
}

/** Everything that can be seen of the state; live shapes by content, since their ids and order mean nothing. */
function seen(capacity: ClusterCapacity): unknown {
  const { shapes } = capacity;
  return {
    cpu: [...capacity.freeCpuMilli],
    memory: [...capacity.freeMemoryMib],
    gpu: [...capacity.freeGpuMilli],
    total: capacity.freeGpuMilliTotal,
    shapes: [...capacity.liveShapes()]
      .map((shape) => ({
        content: [
          shapes.kind[shape],
          shapes.gpuCount[shape],
          shapes.freeCpuMilli[shape],
          shapes.freeMemoryMib[shape],
          ...shapes.freeGpuMilli.subarray(shape * shapes.stride, (shape + 1) * shapes.stride),
        ].join(),
        first: capacity.firstNode(shape),
        count: shapes.nodeCount[shape],
      }))
      .sort((a, b) => (a.content < b.content ? -1 : 1)),
  };
}

/** The same, from the node arrays alone. */
function shapesByHand(capacity: ClusterCapacity): unknown {
  const found = new Map<string, { content: string; first: number; count: number }>();
  for (let at = 0; at < capacity.nodeCount; at++) {
    const gpuCount = capacity.gpuCount[at] ?? 0;
    const gpus = [...capacity.freeGpuMilli.subarray(at * capacity.stride, at * capacity.stride + gpuCount)];
    gpus.sort((a, b) => a - b);
    while (gpus.length < capacity.stride) gpus.push(0);
    const content = [
      capacity.kind[at],
      gpuCount,
      capacity.freeCpuMilli[at],
      capacity.freeMemoryMib[at],
      ...gpus,
    ].join();
    const known = found.get(content);
    if (known === undefined) found.set(content, { content, first: at, count: 1 });
    else known.count += 1;
  }
  return [...found.values()].sort((a, b) => (a.content < b.content ? -1 : 1));
}

interface Step {
  readonly kind: 'take' | 'release' | 'mark' | 'undo';
  readonly node: number;
  readonly cpuMilli: number;
  readonly gpuMilli: number;
  readonly gpuMask: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('take', 'take', 'take', 'release', 'mark', 'undo'),
    node: fc.nat(5),
    cpuMilli: fc.constantFrom(0, 1000, 3000),
    gpuMilli: fc.constantFrom(250, 500, WHOLE),
    gpuMask: fc.nat(3),
  }),
  { maxLength: 60 },
);

function giveBack(capacity: ClusterCapacity, { node: at, cpuMilli, gpuMilli, gpuMask }: Step): void {
  capacity.release(at, cpuMilli, 0, gpuMilli, gpuMask);
}

describe('ClusterCapacity', () => {
  it('never gives more than a node has, groups nodes by what is free, and leaves no trace of what was given back', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const capacity = new ClusterCapacity([node(), node(), node({ kind: 1 }), node(), node({ gpus: 1 }), node()]);
        let mark = { taken: 0, seen: seen(capacity) };
        const taken: Step[] = [];
        for (const step of script) {
          const free = capacity.freeGpuMilliTotal;
          if (step.kind === 'mark') mark = { taken: taken.length, seen: seen(capacity) };
          else if (step.kind === 'undo') {
            for (const last of taken.splice(mark.taken).toReversed()) giveBack(capacity, last);
            expect(seen(capacity)).toEqual(mark.seen);
          } else if (step.kind === 'release') {
            // What was taken before the mark stays, so that the mark can be come back to.
            const last = taken.length > mark.taken ? taken.pop() : undefined;
            if (last !== undefined) giveBack(capacity, last);
          } else {
            const before = seen(capacity);
            try {
              capacity.take(step.node, step.cpuMilli, 0, step.gpuMilli, step.gpuMask);
              taken.push(step);
            } catch {
              expect(seen(capacity)).toEqual(before);
              expect(capacity.freeGpuMilliTotal).toBe(free);
            }
          }
          expect(Math.min(...capacity.freeCpuMilli, ...capacity.freeGpuMilli)).toBeGreaterThanOrEqual(0);
          expect(Math.max(...capacity.freeGpuMilli)).toBeLessThanOrEqual(WHOLE);
          expect(capacity.freeGpuMilliTotal).toBe(capacity.freeGpuMilli.reduce((sum, milli) => sum + milli, 0));
          expect((seen(capacity) as { shapes: unknown }).shapes).toEqual(shapesByHand(capacity));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('refuses CPU, memory and GPU that a node does not have', () => {
    const capacity = new ClusterCapacity([node()]);
    expect(() => capacity.take(0, 8001, 0, 0, 0)).toThrow('no more CPU and memory');
    expect(() => capacity.take(0, 0, 32_769, 0, 0)).toThrow('no more CPU and memory');
    expect(() => capacity.take(0, 0, 0, WHOLE, 0b100)).toThrow('GPUs that the node has');
    capacity.take(0, 0, 0, 600, 0b01);
    expect(() => capacity.take(0, 0, 0, 600, 0b11)).toThrow('a GPU gives');
    expect(() => capacity.release(0, 0, 0, 600, 0b10)).toThrow('a GPU gives');
    expect([...capacity.freeGpuMilli]).toEqual([400, 1000]);
  });

  it('names the lowest GPUs with exactly that much free, and the tightest that fit', () => {
    const capacity = new ClusterCapacity([node({ gpus: 4 })]);
    capacity.take(0, 0, 0, 300, 0b0100);
    capacity.take(0, 0, 0, 600, 0b0001);
    expect(capacity.gpusWith(0, WHOLE, 2)).toBe(0b1010);
    expect(capacity.gpusWith(0, 700, 1)).toBe(0b0100);
    expect(capacity.tightestGpus(0, 400, 1)).toBe(0b0001);
    expect(capacity.tightestGpus(0, 500, 2)).toBe(0b0110);
    expect(capacity.tightestGpus(0, WHOLE, 3)).toBe(0);
  });

  it('gives the ids of shapes that were left long ago to others, so that they stay bounded', () => {
    const capacity = new ClusterCapacity([node({ cpuMilli: 1_000_000 }), node()]);
    // Left and entered again: it stands in line for its id to be given away, but must not be.
    capacity.take(1, 1, 0, 0, 0);
    capacity.release(1, 1, 0, 0, 0);
    for (let taken = 0; taken < 10_000; taken++) capacity.take(0, 1, 0, 0, 0);
    expect(capacity.shapes.size).toBeLessThanOrEqual(4097);
    expect(Math.max(...capacity.shapes.generation)).toBeGreaterThan(0);
    expect((seen(capacity) as { shapes: unknown }).shapes).toEqual(shapesByHand(capacity));
    for (let given = 0; given < 5000; given++) capacity.release(0, 1, 0, 0, 0);
    expect((seen(capacity) as { shapes: unknown }).shapes).toEqual(shapesByHand(capacity));
  });

  it('tells kinds apart, however many there are', () => {
    const capacity = new ClusterCapacity(Array.from({ length: 3000 }, (_, kind) => node({ kind })));
    expect((seen(capacity) as { shapes: unknown }).shapes).toEqual(shapesByHand(capacity));
    expect(capacity.liveShapes()).toHaveLength(3000);
  });

  it('moves a node to another kind', () => {
    const capacity = new ClusterCapacity([node(), node()]);
    capacity.setKind(0, 3);
    expect((seen(capacity) as { shapes: unknown }).shapes).toEqual(shapesByHand(capacity));
    expect(capacity.liveShapes()).toHaveLength(2);
  });
});
