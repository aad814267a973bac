import type { NanoDollars } from '@millrace/kernel';
import type { Evaluation } from '../../domain/evaluate-segment.js';
import type { RatedUsage } from '../../domain/close-instance.js';
import type { Standing } from '../../domain/ledger.js';
import type { Segment } from '../../domain/segment.js';

/** What the books say of a segment now. Follows the facts; the segment itself never changes. */
export interface SegmentStatus {
  readonly segmentId: string;
  readonly state: Evaluation['state'];
  readonly reason: Evaluation['reason'];
  readonly quarantinedMs: number;
  /** Rated time and cost, summed by price. */
  readonly rated: readonly {
    readonly pricePerGpuHour: NanoDollars;
    readonly gpuMs: number;
    readonly cost: NanoDollars;
  }[];
  readonly rate: Standing;
  readonly settle: Standing;
}

/** Segments and their status. A segment id is stored once and for ever: that is what makes a replay harmless (P11). */
export interface SegmentStore {
  /** Stores those whose id is new and returns them. A known id is left alone, whatever else it says. */
  insert(segments: readonly Segment[]): Promise<readonly Segment[]>;
  /** All segments that use the same GPU at the same time as any of these, these among them. */
  meeting(segments: readonly Segment[]): Promise<readonly Segment[]>;
  /** Segments of an instance that end after an instant of its clock. */
  ofInstances(
    parts: readonly { readonly instanceId: string; readonly endingAfterMs: number }[],
  ): Promise<readonly Segment[]>;
  ofTasks(taskIds: readonly string[]): Promise<readonly Segment[]>;
  /** Only of segments that were evaluated before. */
  statuses(segmentIds: readonly string[]): Promise<readonly SegmentStatus[]>;
  saveStatuses(statuses: readonly SegmentStatus[]): Promise<void>;
  /** Rated time and cost by instance, GPU and price. */
  ratedUsage(instanceIds: readonly string[]): Promise<readonly RatedUsage[]>;
}
