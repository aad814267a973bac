import type { NanoDollars } from '@millrace/kernel';
import type { Evaluation } from '../domain/evaluate-segment.js';
import type { Standing } from '../domain/ledger.js';
import type { Segment } from '../domain/segment.js';
import type { SegmentStatus } from './ports/segment-store.port.js';

/** The status to store for a segment that was evaluated and posted. */
export function statusOf(segment: Segment, evaluation: Evaluation, rate: Standing, settle: Standing): SegmentStatus {
  const rated = new Map<NanoDollars, { gpuMs: number; cost: NanoDollars }>();
  for (const { pricePerGpuHour, gpuMs, cost } of evaluation.stretches) {
    const sum = rated.get(pricePerGpuHour) ?? { gpuMs: 0, cost: 0n };
    rated.set(pricePerGpuHour, { gpuMs: sum.gpuMs + gpuMs, cost: sum.cost + cost });
  }
  return {
    segmentId: segment.segmentId,
    state: evaluation.state,
    reason: evaluation.reason,
    quarantinedMs: evaluation.quarantinedMs,
    rated: [...rated].map(([pricePerGpuHour, sum]) => ({ pricePerGpuHour, ...sum })),
    rate,
    settle,
  };
}

/** Whether storing `b` over `a` would change nothing. Lines follow from revision and whether they stand. */
export function sameStatus(a: SegmentStatus | undefined, b: SegmentStatus): boolean {
  return (
    a !== undefined &&
    a.state === b.state &&
    a.reason === b.reason &&
    a.quarantinedMs === b.quarantinedMs &&
    sameStanding(a.rate, b.rate) &&
    sameStanding(a.settle, b.settle) &&
    a.rated.length === b.rated.length &&
    a.rated.every((part, i) => {
      const other = b.rated[i];
      return part.pricePerGpuHour === other?.pricePerGpuHour && part.gpuMs === other.gpuMs && part.cost === other.cost;
    })
  );
}

function sameStanding(a: Standing, b: Standing): boolean {
  return a.revision === b.revision && a.ruleVersion === b.ruleVersion && a.lines.length === b.lines.length;
}
