import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventHeap } from './event-heap.js';

describe('the event heap', () => {
  it('runs any plan in order of time, and of planning where the time is the same', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (times) => {
        const heap = new EventHeap();
        const ran: (readonly [number, number])[] = [];
        for (const [order, atMs] of times.entries()) heap.at(atMs, () => ran.push([heap.nowMs, order]));
        for (let event = heap.take(); event !== undefined; event = heap.take()) event();
        const expected = times.map((atMs, order) => [atMs, order] as const);
        expect(ran).toEqual(expected.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
      }),
    );
  });

  it('runs what is planned for the past now, and never turns back', () => {
    const heap = new EventHeap();
    heap.at(10, () => heap.at(3, () => undefined));
    heap.take()?.();
    expect(heap.nextAtMs()).toBe(10);
    heap.take();
    expect([heap.nowMs, heap.nextAtMs()]).toEqual([10, Infinity]);
    heap.moveTo(5);
    expect(heap.nowMs).toBe(10);
  });
});
