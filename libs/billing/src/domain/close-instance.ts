import { costOf, type NanoDollars } from '@millrace/kernel';
import { account, type Line } from './ledger.js';
import { priceIntervals, type InstanceBook } from './price-book.js';

/** Rated time of one GPU at one price, summed over its segments. */
export interface RatedUsage {
  readonly instanceId: string;
  readonly gpu: number;
  readonly pricePerGpuHour: NanoDollars;
  readonly gpuMs: number;
  readonly cost: NanoDollars;
}

/**
 * The lines that close one GPU of an instance: held time that no segment names is overhead (BIL-02), and what the
 * rounding of many segments adds up to goes to `rounding`, so that `provider` holds exactly the held time at the
 * price in force (I1). Empty while the instance is held.
 */
export function closingLines(book: InstanceBook, usage: readonly RatedUsage[]): readonly Line[] {
  if (book.heldUntilMs === undefined) return [];
  const heldMsByPrice = sumHeld(book, book.heldUntilMs);
  let overheadMs = 0;
  let overheadCost = 0n;
  let exactCost = 0n;
  for (const [price, heldMs] of heldMsByPrice) {
    const usedMs = usage.filter((used) => used.pricePerGpuHour === price).reduce((sum, used) => sum + used.gpuMs, 0);
    overheadMs += heldMs - usedMs;
    overheadCost += costOf(BigInt(heldMs - usedMs), price);
    exactCost += costOf(BigInt(heldMs), price);
  }
  const ratedCost = usage.reduce((sum, { cost }) => sum + cost, 0n);
  const rounding = exactCost - ratedCost - overheadCost;
  return [
    { account: account.overhead(book.pool), amount: overheadCost, gpuMs: overheadMs },
    { account: account.rounding, amount: rounding, gpuMs: 0 },
    { account: account.provider(book.pool), amount: -(overheadCost + rounding), gpuMs: -overheadMs },
  ];
}

/** What one GPU of a closed instance cost: held time at each price, rounded once a price. */
export function heldCost(book: InstanceBook): NanoDollars {
  let cost = 0n;
  for (const [price, heldMs] of sumHeld(book, book.heldUntilMs ?? book.openedMs)) cost += costOf(BigInt(heldMs), price);
  return cost;
}

function sumHeld(book: InstanceBook, untilMs: number): ReadonlyMap<NanoDollars, number> {
  const sums = new Map<NanoDollars, number>();
  for (const { fromMs, toMs, pricePerGpuHour } of priceIntervals(book, untilMs)) {
    sums.set(pricePerGpuHour, (sums.get(pricePerGpuHour) ?? 0) + toMs - fromMs);
  }
  return sums;
}
