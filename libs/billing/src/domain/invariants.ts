import type { Closure } from './attribution-rules.js';
import { heldCost } from './close-instance.js';
import { account, balances, type Entry } from './ledger.js';
import type { InstanceBook } from './price-book.js';
import { FULL_SHARE_PPM, type Segment } from './segment.js';

/** Everything that a check of the books looks at. */
export interface Books {
  readonly instances: readonly InstanceBook[];
  /** All segments, but those set aside as a whole. */
  readonly segments: readonly Segment[];
  readonly closures: readonly Closure[];
  readonly entries: readonly Entry[];
}

export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4';
  readonly subject: string;
  readonly detail: string;
}

/** A finished attempt may have this much time that no segment names (I4). */
export const MAX_GAP_MS = 10_000;

/** I1 to I4 of guarantees.md section 2. Empty: the books are sound. */
export function checkBooks(books: Books): readonly Violation[] {
  return [...checkTime(books), ...checkBalance(books), ...checkShares(books), ...checkGaps(books)];
}

/**
 * I1: for every closed instance and GPU, all time taken from the provider is the time held, to the millisecond, and
 * all money is the held time at the price in force, to the nano-dollar; overhead is never negative.
 */
export function checkTime({ instances, segments, entries }: Books): readonly Violation[] {
  const gpuOfSegment = new Map(segments.map((segment) => [segment.segmentId, `${segment.instanceId}/${segment.gpu}`]));
  const byGpu = new Map<string, Entry[]>();
  for (const entry of entries) {
    const gpu = gpuOfSegment.get(entry.subject) ?? entry.subject;
    byGpu.set(gpu, [...(byGpu.get(gpu) ?? []), entry]);
  }
  return instances.filter(({ heldUntilMs }) => heldUntilMs !== undefined).flatMap((book) => checkInstance(book, byGpu));
}

function checkInstance(book: InstanceBook, byGpu: ReadonlyMap<string, readonly Entry[]>): Violation[] {
  const heldMs = (book.heldUntilMs ?? book.openedMs) - book.openedMs;
  const cost = heldCost(book);
  return Array.from({ length: book.gpus }, (_, gpu) => `${book.instanceId}/${gpu}`).flatMap((subject) => {
    const entries = byGpu.get(subject) ?? [];
    const provider = balanceOf(entries, account.provider(book.pool));
    const unnamed = balanceOf(
      entries.filter(({ kind }) => kind === 'close'),
      account.overhead(book.pool),
    );
    return [
      ...violation(provider.gpuMs === -heldMs, 'I1', subject, `held ${heldMs} ms, accounted ${-provider.gpuMs} ms`),
      ...violation(provider.amount === -cost, 'I1', subject, `cost ${cost}, accounted ${-provider.amount}`),
      ...violation(unnamed.gpuMs >= 0, 'I1', subject, `overhead of ${unnamed.gpuMs} ms`),
    ];
  });
}

function balanceOf(entries: readonly Entry[], name: string): { readonly amount: bigint; readonly gpuMs: number } {
  return balances(entries.flatMap(({ lines }) => lines)).get(name) ?? { amount: 0n, gpuMs: 0 };
}

/** I2: Σ debits = Σ credits in every entry, in money and in time. No posting was made twice, none reversed twice. */
export function checkBalance({ entries }: Books): readonly Violation[] {
  const seen = new Set<string>();
  return entries.flatMap((entry) => {
    const amount = entry.lines.reduce((sum, line) => sum + line.amount, 0n);
    const gpuMs = entry.lines.reduce((sum, line) => sum + line.gpuMs, 0);
    const known = seen.has(entry.entryId);
    seen.add(entry.entryId);
    return [
      ...violation(amount === 0n, 'I2', entry.entryId, `out of balance by ${amount} nano-dollars`),
      ...violation(gpuMs === 0, 'I2', entry.entryId, `out of balance by ${gpuMs} ms`),
      ...violation(!known, 'I2', entry.entryId, 'posted twice'),
    ];
  });
}

/** I3: the shares of work on one GPU never exceed the GPU at any instant. */
export function checkShares({ segments }: Books): readonly Violation[] {
  const byGpu = new Map<string, { readonly atMs: number; readonly ppm: number }[]>();
  for (const { instanceId, gpu, kind, startMs, endMs, sharePpm } of segments) {
    if (kind !== 'run' || startMs === endMs) continue;
    const changes = byGpu.get(`${instanceId}/${gpu}`) ?? [];
    changes.push({ atMs: startMs, ppm: sharePpm }, { atMs: endMs, ppm: -sharePpm });
    byGpu.set(`${instanceId}/${gpu}`, changes);
  }
  return [...byGpu].flatMap(([subject, changes]) => {
    let inUse = 0;
    const over = changes
      .sort((a, b) => a.atMs - b.atMs || a.ppm - b.ppm)
      .find(({ ppm }) => (inUse += ppm) > FULL_SHARE_PPM);
    return violation(over === undefined, 'I3', subject, `more than the whole GPU in use at ${over?.atMs ?? 0} ms`);
  });
}

/** I4: every finished attempt has a segment, and no 10 s up to its end that no segment names. */
export function checkGaps({ segments, closures }: Books): readonly Violation[] {
  return closures
    .filter(({ outcome }) => outcome === 'succeeded')
    .flatMap((closure) => {
      const subject = `${closure.taskId}/${closure.attempt}`;
      const own = segments
        .filter(
          ({ work }) =>
            work?.taskId === closure.taskId && work.attempt === closure.attempt && work.epoch === closure.epoch,
        )
        .sort((a, b) => a.startMs - b.startMs);
      if (own.length === 0) return violation(false, 'I4', subject, 'no segment');
      const present = segments
        .filter(({ instanceId, kind }) => instanceId === closure.instanceId && kind === 'idle')
        .concat(own)
        .sort((a, b) => a.startMs - b.startMs);
      const gapMs = longestGapMs(present, own[0]?.startMs ?? 0, closure.closedAtMs);
      return violation(gapMs <= MAX_GAP_MS, 'I4', subject, `${gapMs} ms that no segment names`);
    });
}

function longestGapMs(sorted: readonly Segment[], fromMs: number, toMs: number): number {
  let coveredMs = fromMs;
  let longestMs = 0;
  for (const { startMs, endMs } of sorted) {
    if (startMs >= toMs) break;
    longestMs = Math.max(longestMs, startMs - coveredMs);
    coveredMs = Math.max(coveredMs, endMs);
  }
  return Math.max(longestMs, toMs - coveredMs);
}

function violation(holds: boolean, invariant: Violation['invariant'], subject: string, detail: string): Violation[] {
  return holds ? [] : [{ invariant, subject, detail }];
}
