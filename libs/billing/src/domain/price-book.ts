import { costOf, type NanoDollars } from '@millrace/kernel';
import { stretchOf, type Segment, type Stretch } from './segment.js';

/** What the scheduler said of an instance. Times are on the instance clock; a price is in force from `atMs`. */
export interface CapacityChange {
  readonly instanceId: string;
  readonly pool: string;
  readonly change: 'opened' | 'price' | 'closed';
  readonly gpus: number;
  readonly capacity: 'spot' | 'on_demand';
  readonly pricePerGpuHour: NanoDollars;
  /** closed: how long the instance was held. */
  readonly atMs: number;
}

export interface PricePoint {
  readonly fromMs: number;
  readonly pricePerGpuHour: NanoDollars;
}

/** All that is known of one instance: what a GPU of it costs when, and from when to when it was held. */
export interface InstanceBook {
  readonly instanceId: string;
  readonly pool: string;
  readonly gpus: number;
  readonly openedMs: number;
  /** Undefined while the instance is held. */
  readonly heldUntilMs: number | undefined;
  /** In order of time; the first one is in force from `openedMs`. Neighbours differ in price. */
  readonly prices: readonly PricePoint[];
}

export interface RatedStretch extends Stretch {
  readonly pricePerGpuHour: NanoDollars;
  readonly cost: NanoDollars;
}

/**
 * The book of an instance from all that was said of it, in any order. Undefined until `opened` is known: nothing is
 * rated before. `lastClosedMs` is the latest end of an attempt there: an instance on which the scheduler accepted an
 * end was held until then, also when its last heartbeat was earlier. Two prices from one instant: the lower one.
 */
export function instanceBook(changes: readonly CapacityChange[], lastClosedMs = 0): InstanceBook | undefined {
  const opened = changes.filter(({ change }) => change === 'opened').sort(byAtThenPrice)[0];
  if (opened === undefined) return undefined;
  const closed = changes.filter(({ change }) => change === 'closed').map(({ atMs }) => atMs);
  return {
    instanceId: opened.instanceId,
    pool: opened.pool,
    gpus: opened.gpus,
    openedMs: opened.atMs,
    heldUntilMs: closed.length === 0 ? undefined : Math.max(opened.atMs, lastClosedMs, ...closed),
    prices: pricePoints(opened, changes),
  };
}

function pricePoints(opened: CapacityChange, changes: readonly CapacityChange[]): PricePoint[] {
  const later = changes.filter(({ change, atMs }) => change === 'price' && atMs >= opened.atMs).sort(byAtThenPrice);
  const points: PricePoint[] = [{ fromMs: opened.atMs, pricePerGpuHour: opened.pricePerGpuHour }];
  let lastAt: number | undefined;
  for (const { atMs, pricePerGpuHour } of later) {
    if (atMs === lastAt) continue;
    lastAt = atMs;
    if (points.at(-1)?.fromMs === atMs) points.pop();
    if (points.at(-1)?.pricePerGpuHour !== pricePerGpuHour) points.push({ fromMs: atMs, pricePerGpuHour });
  }
  return points;
}

function byAtThenPrice(a: CapacityChange, b: CapacityChange): number {
  return (
    a.atMs - b.atMs || (a.pricePerGpuHour < b.pricePerGpuHour ? -1 : Number(a.pricePerGpuHour > b.pricePerGpuHour))
  );
}

/** The intervals of constant price from the opening to `untilMs`. */
export function priceIntervals(
  book: InstanceBook,
  untilMs: number,
): readonly { readonly fromMs: number; readonly toMs: number; readonly pricePerGpuHour: NanoDollars }[] {
  return book.prices
    .map((point, i) => ({ ...point, toMs: Math.min(untilMs, book.prices[i + 1]?.fromMs ?? untilMs) }))
    .filter(({ fromMs, toMs }) => fromMs < toMs);
}

/**
 * The part of a segment that lies in the time its instance was held, at the price in force, cut where the price
 * changes (BIL-01, rule 10). Each stretch is rounded half up to a nano-dollar; what that adds up to is posted to
 * `rounding` when the instance is closed.
 */
export function rateSegment(segment: Segment, book: InstanceBook, untilMs = segment.endMs): readonly RatedStretch[] {
  const end = Math.min(untilMs, segment.endMs, book.heldUntilMs ?? segment.endMs);
  return priceIntervals(book, end)
    .map(({ fromMs, toMs, pricePerGpuHour }) => rated(stretchOf(segment, fromMs, toMs), pricePerGpuHour))
    .filter(({ fromMs, toMs }) => fromMs < toMs);
}

function rated(stretch: Stretch, pricePerGpuHour: NanoDollars): RatedStretch {
  return { ...stretch, pricePerGpuHour, cost: costOf(BigInt(stretch.gpuMs), pricePerGpuHour) };
}
