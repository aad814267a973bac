import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Heap } from './heap.js';

interface Item {
  readonly id: number;
  key: number;
  index: number;
}

/** Push, pop, take out at random, or change the key of one at random. */
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('push', 'push', 'push', 'pop', 'remove', 'move', 'retain'),
    key: fc.integer({ min: 0, max: 20 }),
    at: fc.nat(),
  }),
  { minLength: 30, maxLength: 200 },
);

describe('a heap', () => {
  it('gives its items in order, and tells each where it stands, whatever was done to it', () => {
    fc.assert(
      fc.property(steps, (todo) => {
        const heap = new Heap<Item>(
          ({ key }) => key,
          (a, b) => a.id < b.id,
          (item, index) => (item.index = index),
        );
        let held: Item[] = [];
        todo.forEach(({ kind, key, at }, id) => {
          const chosen = held[at % Math.max(1, held.length)];
          if (kind === 'push') {
            const item = { id, key, index: -1 };
            held.push(item);
            heap.push(item);
          } else if (kind === 'pop') {
            const first = heap.pop();
            expect(first).toBe(held.toSorted(inOrder)[0]);
            held = held.filter((item) => item !== first);
          } else if (kind === 'retain') {
            heap.retain((item) => item.id % 7 !== 0);
            held = held.filter((item) => item.id % 7 !== 0);
          } else if (chosen !== undefined && kind === 'remove') {
            heap.removeAt(chosen.index);
            expect(chosen.index).toBe(-1);
            held = held.filter((item) => item !== chosen);
          } else if (chosen !== undefined) {
            chosen.key = key;
            heap.moveAt(chosen.index);
          }
          expect(heap.size).toBe(held.length);
          expect(heap.peek()).toBe(held.toSorted(inOrder)[0]);
        });
        const rest: Item[] = [];
        for (let item = heap.pop(); item !== undefined; item = heap.pop()) rest.push(item);
        expect(rest).toEqual(held.toSorted(inOrder));
      }),
      { numRuns: 50 },
    );
  });
});

function inOrder(a: Item, b: Item): number {
  return a.key - b.key || a.id - b.id;
}
