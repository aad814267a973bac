/** What a stretch of GPU time was spent on. `run` and `load` are work of a task; the rest is the instance's own. */
export const SEGMENT_KINDS = ['run', 'load', 'idle', 'boot', 'drain'] as const;
export type SegmentKind = (typeof SEGMENT_KINDS)[number];

export const FULL_SHARE_PPM = 1_000_000;

/** Whose work a segment was, as its worker says. The tenant that is charged comes from the scheduler's closure. */
export interface SegmentWork {
  readonly tenantId: string;
  readonly taskId: string;
  readonly costCentre: string;
  readonly attempt: number;
  readonly epoch: number;
}

/** An immutable stretch of one GPU's time, on the instance clock. No price, no outcome (guarantees.md section 2). */
export interface Segment {
  readonly segmentId: string;
  readonly instanceId: string;
  readonly gpu: number;
  readonly kind: SegmentKind;
  readonly work: SegmentWork | undefined;
  /** From 1 per attempt. */
  readonly seq: number;
  readonly startMs: number;
  readonly endMs: number;
  /** (endMs - startMs) × sharePpm ÷ 1,000,000, as the worker rounded it. */
  readonly gpuMs: number;
  readonly sharePpm: number;
}

/** A part of a segment in time, with its whole milliseconds of GPU time. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly gpuMs: number;
}

const PPM = BigInt(FULL_SHARE_PPM);

export function isWorkKind(kind: SegmentKind): boolean {
  return kind === 'run' || kind === 'load';
}

/**
 * GPU time of a segment from its start up to an instant, in whole ms, rounded down. Rounding down at every cut and
 * taking differences makes parts sum exactly, and three thirds of a GPU never sum to more than the GPU.
 */
export function gpuMsUntil(segment: Segment, atMs: number): number {
  const at = Math.min(Math.max(atMs, segment.startMs), segment.endMs);
  return Number((BigInt(at - segment.startMs) * BigInt(segment.sharePpm)) / PPM);
}

/** The part of a segment inside [fromMs, toMs), empty when they do not meet. */
export function stretchOf(segment: Segment, fromMs: number, toMs: number): Stretch {
  const from = Math.min(Math.max(fromMs, segment.startMs), segment.endMs);
  const to = Math.max(from, Math.min(toMs, segment.endMs));
  return { fromMs: from, toMs: to, gpuMs: gpuMsUntil(segment, to) - gpuMsUntil(segment, from) };
}

/** How far a worker's own rounding of `gpuMs` may be from time × share: one at each end. */
const ROUNDING_MS = 2;

/** Why a segment can't be counted by its own fault, or undefined. */
export function malformation(segment: Segment): 'malformed' | 'no_work' | undefined {
  if (segment.endMs < segment.startMs) return 'malformed';
  if (segment.sharePpm < 0 || segment.sharePpm > FULL_SHARE_PPM) return 'malformed';
  const exactMs = ((segment.endMs - segment.startMs) * segment.sharePpm) / FULL_SHARE_PPM;
  if (Math.abs(exactMs - segment.gpuMs) >= ROUNDING_MS) return 'malformed';
  return isWorkKind(segment.kind) && segment.work === undefined ? 'no_work' : undefined;
}
