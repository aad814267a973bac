import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Watermark } from './watermark.js';

describe('watermark', () => {
  it('has no position until something is done', () => {
    const watermark = new Watermark();
    const first = watermark.add(5n);
    expect(watermark.position).toBeUndefined();
    expect(watermark.complete(first)).toBe(true);
    expect(watermark.position).toBe(6n);
  });

  it('does not move past a record that is not done, whatever comes after it', () => {
    const watermark = new Watermark();
    const [first, second] = [watermark.add(0n), watermark.add(1n)];
    expect(watermark.complete(second)).toBe(false);
    expect(watermark.position).toBeUndefined();
    expect(watermark.complete(first)).toBe(true);
    expect(watermark.position).toBe(2n);
  });

  it('is always just below the first record that is not done, in any order, with gaps in the offsets', () => {
    const steps = fc.record({
      gaps: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 60 }),
      seed: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(steps, ({ gaps, seed }) => {
        let offset = 0n;
        const offsets = gaps.map((gap) => (offset += BigInt(gap)));
        const watermark = new Watermark();
        const open = offsets.map((at) => watermark.add(at));
        const left = new Set(offsets);
        while (open.length > 0) {
          const [slot] = open.splice(Number(seed.next().value) % open.length, 1);
          if (slot === undefined) return;
          const before = watermark.position;
          const moved = watermark.complete(slot);
          left.delete(slot.offset);
          const first = offsets.find((at) => left.has(at));
          const done = offsets.filter((at) => first === undefined || at < first).at(-1);
          expect(watermark.position).toBe(done === undefined ? undefined : done + 1n);
          expect(moved).toBe(watermark.position !== before);
        }
      }),
    );
  });
});
