import { describe, expect, it } from '@jest/globals';
import {
  capacity,
  closed,
  lost,
  ownTime,
  TASK,
  aSegment,
  createFakeBilling,
  usage,
  type BillingFact,
} from '../testing/index.js';
import { checkBooks, type Books } from './invariants.js';

async function booksAfter(...facts: BillingFact[]): Promise<Books> {
  const billing = createFakeBilling();
  await billing.apply(facts);
  return billing.books();
}

const SOUND = [
  capacity(),
  usage([ownTime({ endMs: 2_000 }), aSegment({ startMs: 2_000, endMs: 9_000 })]),
  closed({ closedAt: 9_000 }),
  capacity({ change: 'closed', at: 12_345 }),
];

function broken(books: Books): readonly string[] {
  return [...new Set(checkBooks(books).map(({ invariant }) => invariant))];
}

describe('checkBooks', () => {
  it('finds nothing wrong with sound books', async () => {
    expect(checkBooks(await booksAfter(...SOUND))).toEqual([]);
  });

  it('I1: finds a millisecond that is missing, and a nano-dollar', async () => {
    const books = await booksAfter(...SOUND);
    const without = books.entries.filter(({ kind }) => kind !== 'close');
    expect(broken({ ...books, entries: without })).toEqual(['I1']);
    const shifted = books.entries.map((entry) =>
      entry.kind === 'close'
        ? {
            ...entry,
            lines: entry.lines.map((line) => ({
              ...line,
              amount:
                line.amount +
                (line.account.startsWith('provider') ? 1n : line.account.startsWith('overhead') ? -1n : 0n),
            })),
          }
        : entry,
    );
    expect(checkBooks({ ...books, entries: shifted })).toMatchObject([{ invariant: 'I1', subject: 'instance-1/0' }]);
  });

  it('I1: finds overhead below zero', async () => {
    const books = await booksAfter(...SOUND);
    const close = books.entries.find(({ kind }) => kind === 'close');
    const negative = {
      ...close,
      lines: close?.lines.map((line) => ({ ...line, gpuMs: -line.gpuMs })),
    } as Books['entries'][number];
    const entries = [...books.entries.filter((entry) => entry !== close), negative];
    expect(checkBooks({ ...books, entries }).map(({ detail }) => detail)).toContain('overhead of -3345 ms');
  });

  it('I2: finds an entry out of balance, and one that was posted twice', async () => {
    const books = await booksAfter(...SOUND);
    const [first] = books.entries;
    if (first === undefined) throw new Error('nothing was posted');
    const tilted = { ...first, lines: first.lines.slice(1) };
    expect(broken({ ...books, entries: [tilted, ...books.entries.slice(1)] })).toContain('I2');
    expect(broken({ ...books, entries: [...books.entries, first] })).toContain('I2');
  });

  it('I3: finds more work on a GPU than there is GPU, at one instant', async () => {
    const books = await booksAfter(...SOUND);
    const work = books.segments.find(({ kind }) => kind === 'run');
    if (work === undefined) throw new Error('no work');
    const second = { ...work, segmentId: 'second', startMs: work.endMs - 1, endMs: work.endMs + 5, sharePpm: 1 };
    expect(broken({ ...books, segments: [...books.segments, second] })).toContain('I3');
    const after = { ...second, startMs: work.endMs };
    expect(broken({ ...books, segments: [...books.segments, after] })).not.toContain('I3');
  });

  it('I4: finds a finished attempt without a segment, and a gap over 10 s, unless it was idle', async () => {
    expect(broken(await booksAfter(closed({ segmentCount: 0 })))).toEqual(['I4']);
    expect(broken(await booksAfter(lost()))).toEqual([]);
    const gap = [capacity(), usage([aSegment({ endMs: 1_000 }), aSegment({ seq: 2, startMs: 11_001, endMs: 12_000 })])];
    const end = closed({ segmentCount: 2, closedAt: 12_000 });
    expect(broken(await booksAfter(...gap, end))).toEqual(['I4']);
    expect(broken(await booksAfter(...gap, usage([ownTime({ startMs: 5_000, endMs: 6_000 })]), end))).toEqual([]);
    expect(
      broken(await booksAfter(...gap.slice(0, 1), usage([aSegment({ endMs: 1_000 })]), closed({ closedAt: 11_001 }))),
    ).toEqual(['I4']);
  });

  it('names the task of a gap', async () => {
    expect(checkBooks(await booksAfter(closed({ segmentCount: 0 })))[0]?.subject).toBe(`${TASK}/1`);
  });
});
