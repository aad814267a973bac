import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeapArena } from './heap-arena.js';

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('push', 'push', 'push', 'push', 'pop', 'retain'),
    heap: fc.nat(40),
    number: fc.nat(1_000),
    key: fc.integer({ min: 0, max: 9 }),
  }),
  { minLength: 50, maxLength: 600 },
);

interface Entry {
  readonly number: number;
  readonly key: number;
}

describe('many heaps in one pair of arrays', () => {
  it('each gives its own in order, however they grow out of their blocks and into those of others', () => {
    fc.assert(
      fc.property(steps, (todo) => {
        const arena = new HeapArena((a, b) => a < b);
        const held = new Map<number, Entry[]>();
        for (const { kind, heap, number, key } of todo) {
          const own = held.get(heap) ?? [];
          const sorted = own.toSorted(inOrder);
          if (kind === 'push') {
            arena.push(heap, number, key);
            held.set(heap, [...own, { number, key }]);
          } else if (kind === 'pop') {
            expect(arena.pop(heap)).toBe(sorted[0]?.number ?? -1);
            held.set(heap, sorted.slice(1));
          } else {
            arena.retain(heap, (one) => one % 3 !== 0);
            held.set(
              heap,
              own.filter((one) => one.number % 3 !== 0),
            );
          }
        }
        for (let heap = 0; heap <= 40; heap++) {
          const sorted = (held.get(heap) ?? []).toSorted(inOrder);
          expect(arena.sizeOf(heap)).toBe(sorted.length);
          expect([arena.topOf(heap), arena.topKeyOf(heap)]).toEqual([
            sorted[0]?.number ?? -1,
            sorted[0]?.key ?? Infinity,
          ]);
          expect(sorted.map(() => arena.pop(heap))).toEqual(sorted.map(({ number }) => number));
        }
      }),
      { numRuns: 60 },
    );
  });
});

function inOrder(a: Entry, b: Entry): number {
  return a.key - b.key || a.number - b.number;
}
