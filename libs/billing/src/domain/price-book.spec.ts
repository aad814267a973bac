import { describe, expect, it } from '@jest/globals';
import { formatDollars, parseDollars } from '@millrace/kernel';
import { instanceBook, rateSegment, type CapacityChange } from './price-book.js';
import type { Segment } from './segment.js';

function change(part: Partial<CapacityChange> = {}): CapacityChange {
  return {
    instanceId: 'i',
    pool: 'p',
    change: 'opened',
    gpus: 1,
    capacity: 'spot',
    pricePerGpuHour: 3_600_000_000n,
    atMs: 0,
    ...part,
  };
}

function segment(startMs: number, endMs: number, sharePpm = 1_000_000): Segment {
  return {
    segmentId: 's',
    instanceId: 'i',
    gpu: 0,
    kind: 'run',
    work: undefined,
    seq: 1,
    startMs,
    endMs,
    gpuMs: 0,
    sharePpm,
  };
}

function bookOf(...changes: CapacityChange[]) {
  const book = instanceBook(changes);
  if (book === undefined) throw new Error('no book');
  return book;
}

function costOfMs(gpuMs: number, dollarsPerHour: string, gpusOfInstance = 1): string {
  const pricePerGpuHour = parseDollars(dollarsPerHour) / BigInt(gpusOfInstance);
  const stretches = rateSegment(segment(0, gpuMs), bookOf(change({ pricePerGpuHour })));
  return formatDollars(stretches.reduce((sum, { cost }) => sum + cost, 0n));
}

describe('rateSegment', () => {
  it.each([
    ['g5.xlarge on demand', '1.006', 1, '0.000279444'],
    ['g5 Spot', '0.25', 1, '0.000069444'],
    ['one of eight p4d GPUs', '32.77', 8, '0.001137847'],
  ])('VEC-12: a GPU-second of %s', (_, price, gpus, want) => {
    expect(costOfMs(1_000, price, gpus)).toBe(want);
  });

  it.each([
    ['g5.xlarge on demand', '1.006', 1, '0.079641667'],
    ['g5 Spot', '0.25', 1, '0.019791667'],
    ['one of eight p4d GPUs', '32.77', 8, '0.324286458'],
  ])('VEC-13: a task of 285 s on %s', (_, price, gpus, want) => {
    expect(costOfMs(285_000, price, gpus)).toBe(want);
  });

  it.each([
    [5, 5_400, '1.875'],
    [10, 7_200, '5'],
  ])('VEC-10: a batch of %i GPUs for %i s at 0.25', (gpus, seconds, want) => {
    const book = bookOf(change({ gpus, pricePerGpuHour: parseDollars('0.25') }));
    const costs = Array.from({ length: gpus }, (_, gpu) => rateSegment({ ...segment(0, seconds * 1_000), gpu }, book));
    expect(formatDollars(costs.flat().reduce((sum, { cost }) => sum + cost, 0n))).toBe(want);
  });

  it('BIL-01 rule 10: cuts a segment where the price changes and rates each part', () => {
    const book = bookOf(change(), change({ change: 'price', atMs: 4_000, pricePerGpuHour: 7_200_000_000n }));
    expect(rateSegment(segment(1_000, 6_000), book)).toEqual([
      { fromMs: 1_000, toMs: 4_000, gpuMs: 3_000, pricePerGpuHour: 3_600_000_000n, cost: 3_000_000n },
      { fromMs: 4_000, toMs: 6_000, gpuMs: 2_000, pricePerGpuHour: 7_200_000_000n, cost: 4_000_000n },
    ]);
  });

  it('P10: the parts of a share sum to the whole, however it is cut', () => {
    const third = segment(0, 10_000, 333_333);
    const cuts = [1, 7, 1_001, 3_333, 9_999].map((atMs) =>
      change({ change: 'price', atMs, pricePerGpuHour: BigInt(atMs) }),
    );
    const parts = rateSegment(third, bookOf(change(), ...cuts));
    expect(parts).toHaveLength(6);
    expect(parts.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(3_333);
  });

  it('leaves out what lies outside the time held', () => {
    const book = bookOf(change({ atMs: 100 }), change({ change: 'closed', atMs: 500 }));
    expect(rateSegment(segment(0, 900), book)).toMatchObject([{ fromMs: 100, toMs: 500 }]);
    expect(rateSegment(segment(500, 900), book)).toEqual([]);
  });
});

describe('instanceBook', () => {
  it('is not there before the opening is known', () => {
    expect(instanceBook([change({ change: 'price' }), change({ change: 'closed', atMs: 9 })])).toBeUndefined();
  });

  it('does not depend on the order, and of two prices from one instant takes the lower', () => {
    const changes = [
      change(),
      change({ change: 'price', atMs: 5, pricePerGpuHour: 9n }),
      change({ change: 'price', atMs: 5, pricePerGpuHour: 8n }),
      change({ change: 'price', atMs: 7, pricePerGpuHour: 8n }),
      change({ change: 'closed', atMs: 9 }),
    ];
    const book = bookOf(...changes);
    expect(book.prices).toEqual([
      { fromMs: 0, pricePerGpuHour: 3_600_000_000n },
      { fromMs: 5, pricePerGpuHour: 8n },
    ]);
    expect(bookOf(...changes.toReversed())).toEqual(book);
  });

  it('was held until the last end that was accepted there, also after the last heartbeat', () => {
    expect(instanceBook([change(), change({ change: 'closed', atMs: 9 })], 12)?.heldUntilMs).toBe(12);
    expect(instanceBook([change()], 12)?.heldUntilMs).toBeUndefined();
  });
});
