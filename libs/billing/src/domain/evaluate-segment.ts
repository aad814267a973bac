import { assertNever, type NanoDollars } from '@millrace/kernel';
import {
  bearerOf,
  bearerOfKind,
  finalClosure,
  type AttributionPolicy,
  type Bearer,
  type Closure,
} from './attribution-rules.js';
import { account, type Line } from './ledger.js';
import { isOvercommitted } from './overlap.js';
import { rateSegment, type InstanceBook, type RatedStretch } from './price-book.js';
import { malformation, stretchOf, type Segment, type SegmentWork } from './segment.js';

/** Why GPU time was set aside: it is on nobody's account until an operator looked at it. */
export const QUARANTINE_REASONS = [
  'malformed',
  'no_work',
  'unknown_gpu',
  'overcommitted',
  'outside_held_time',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** All that decides what becomes of a segment. */
export interface SegmentFacts {
  /** Undefined while the instance's opening is not known. */
  readonly book: InstanceBook | undefined;
  /** Of the segment's task. */
  readonly closures: readonly Closure[];
  /** Segments that use the same GPU at the same time; others may be among them. */
  readonly neighbours: readonly Segment[];
}

export interface Evaluation {
  /** unrated: the price is not known yet. rated: at least a part is in the ledger. */
  readonly state: 'unrated' | 'rated' | 'quarantined';
  readonly reason: QuarantineReason | undefined;
  readonly quarantinedMs: number;
  readonly stretches: readonly RatedStretch[];
  readonly rate: readonly Line[];
  readonly settle: readonly Line[];
}

/**
 * What the ledger should say of a segment, from everything known at this moment. A pure function of the facts: the
 * order in which they arrived has no part in it, which is what makes every replay give the same ledger (P11).
 */
export function evaluateSegment(segment: Segment, facts: SegmentFacts, policy: AttributionPolicy): Evaluation {
  const fault = malformation(segment);
  if (fault !== undefined) return quarantined(segment, fault);
  if (facts.book === undefined) return { ...NOTHING, state: 'unrated' };
  if (segment.gpu >= facts.book.gpus) return quarantined(segment, 'unknown_gpu');
  if (isOvercommitted(segment, facts.neighbours)) return quarantined(segment, 'overcommitted');
  const stretches = rateSegment(segment, facts.book);
  const total = totalOf(stretches);
  const outsideMs = stretchOf(segment, segment.startMs, segment.endMs).gpuMs - total.gpuMs;
  if (outsideMs > 0 && total.gpuMs === 0) return quarantined(segment, 'outside_held_time');
  return {
    state: 'rated',
    reason: outsideMs > 0 ? 'outside_held_time' : undefined,
    quarantinedMs: outsideMs,
    stretches,
    rate: rateLines(segment, facts.book, total),
    settle: settleLines(segment, facts.book, facts.closures, total, policy),
  };
}

interface Total {
  readonly amount: NanoDollars;
  readonly gpuMs: number;
}

const NOTHING = { reason: undefined, quarantinedMs: 0, stretches: [], rate: [], settle: [] } as const;

function quarantined(segment: Segment, reason: QuarantineReason): Evaluation {
  const quarantinedMs = reason === 'malformed' ? 0 : stretchOf(segment, segment.startMs, segment.endMs).gpuMs;
  return { ...NOTHING, state: 'quarantined', reason, quarantinedMs };
}

function totalOf(stretches: readonly RatedStretch[]): Total {
  return stretches.reduce((sum, { cost, gpuMs }) => ({ amount: sum.amount + cost, gpuMs: sum.gpuMs + gpuMs }), {
    amount: 0n,
    gpuMs: 0,
  });
}

function rateLines(segment: Segment, book: InstanceBook, total: Total): Line[] {
  return [
    { account: accountOfKind(segment, book.pool), ...total },
    { account: account.provider(book.pool), amount: -total.amount, gpuMs: -total.gpuMs },
  ];
}

/** Rules 1 to 6: work waits on its task's account, idle time is kept on the pool's, boot and drain are overhead. */
function accountOfKind({ kind, work, segmentId }: Segment, pool: string): string {
  switch (kind) {
    case 'run':
    case 'load':
      return account.pending(work?.taskId ?? segmentId);
    case 'idle':
      return account.idle(pool);
    case 'boot':
    case 'drain':
      return account.overhead(pool);
    default:
      return assertNever(kind, 'kind of segment');
  }
}

function settleLines(
  segment: Segment,
  book: InstanceBook,
  closures: readonly Closure[],
  total: Total,
  policy: AttributionPolicy,
): Line[] {
  if ((segment.kind !== 'run' && segment.kind !== 'load') || segment.work === undefined) return [];
  const closure = closureOf(segment, segment.work, closures);
  if (closure === undefined && finalClosure(closures) === undefined) return [];
  const bearer = closure === undefined ? 'loss:platform' : bearerOfKind(bearerOf(closure), segment.kind, policy);
  const borne = closure === undefined ? total : totalOf(rateSegment(segment, book, closure.closedAtMs));
  const rest = { amount: total.amount - borne.amount, gpuMs: total.gpuMs - borne.gpuMs };
  return [
    ...merged({ account: bearerAccount(bearer, closure), ...borne }, { account: account.lossPlatform, ...rest }),
    { account: account.pending(segment.work.taskId), amount: -total.amount, gpuMs: -total.gpuMs },
  ];
}

/**
 * The closure that a segment belongs to. None for a stale epoch, for another instance than the lease's, and for a
 * segment beyond the count that the attempt's end named: such time is the platform's loss (rule 8, P7).
 */
export function closureOf(segment: Segment, work: SegmentWork, closures: readonly Closure[]): Closure | undefined {
  return closures.find(
    ({ attempt, epoch, instanceId, segmentCount }) =>
      attempt === work.attempt &&
      epoch === work.epoch &&
      instanceId === segment.instanceId &&
      segment.seq <= (segmentCount ?? segment.seq),
  );
}

function bearerAccount(bearer: Bearer, closure: Closure | undefined): string {
  if (bearer !== 'tenant' || closure === undefined) return bearer;
  return account.tenant(closure.tenantId, closure.costCentre);
}

function merged(a: Line, b: Line): Line[] {
  if (a.account !== b.account) return [a, b];
  return [{ account: a.account, amount: a.amount + b.amount, gpuMs: a.gpuMs + b.gpuMs }];
}
