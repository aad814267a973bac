import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NumberHeap } from './number-heap.js';

/** Push or move, pop, take out at random, drop some: keys are often equal. */
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('put', 'put', 'put', 'pop', 'remove', 'retain'),
    number: fc.nat(60),
    key: fc.integer({ min: 0, max: 12 }),
  }),
  { minLength: 30, maxLength: 250 },
);

interface Entry {
  readonly number: number;
  readonly key: number;
}

describe('a heap of numbers', () => {
  it('gives the lowest key first and equal keys by the order given, whatever was done to it', () => {
    fc.assert(
      fc.property(steps, (todo) => {
        const heap = new NumberHeap((a, b) => a < b, true);
        let held: Entry[] = [];
        for (const { kind, number, key } of todo) {
          if (kind === 'put') {
            heap.put(number, key);
            held = [...without(held, number), { number, key }];
          } else if (kind === 'pop') {
            const first = held.toSorted(inOrder)[0];
            expect(heap.pop()).toBe(first?.number ?? -1);
            held = without(held, first?.number);
          } else if (kind === 'remove') {
            heap.remove(number);
            held = without(held, number);
          } else {
            held = held.filter((one) => one.number % 7 !== 0).map((one) => ({ ...one, key: one.key % 5 }));
            const keys = new Map(held.map((one) => [one.number, one.key]));
            heap.retain(
              (one) => one % 7 !== 0,
              (one) => keys.get(one) ?? 0,
            );
          }
          const first = held.toSorted(inOrder)[0];
          expect([heap.size, heap.top, heap.topKey]).toEqual([
            held.length,
            first?.number ?? -1,
            first?.key ?? Infinity,
          ]);
          expect(heap.has(number)).toBe(held.some((one) => one.number === number));
        }
        expect(drained(heap)).toEqual(held.toSorted(inOrder).map((one) => one.number));
      }),
      { numRuns: 60 },
    );
  });

  it('holds a number more than once where it does not track them', () => {
    const heap = new NumberHeap((a, b) => a < b, false);
    for (const [number, key] of [
      [3, 2],
      [3, 1],
      [1, 2],
      [3, 2],
    ] as const)
      heap.push(number, key);
    expect(heap.has(3)).toBe(false);
    expect(drained(heap)).toEqual([3, 1, 3, 3]);
  });
});

function drained(heap: NumberHeap): readonly number[] {
  return Array.from({ length: heap.size }, () => heap.pop());
}

function without(held: readonly Entry[], number: number | undefined): Entry[] {
  return held.filter((one) => one.number !== number);
}

function inOrder(a: Entry, b: Entry): number {
  return a.key - b.key || a.number - b.number;
}
