import { FULL_SHARE_PPM, isWorkKind, malformation, type Segment } from './segment.js';

/**
 * Order in which segments have a claim on a GPU: work before the instance's own time, then the earlier start, then
 * the id. It does not depend on the order of arrival.
 */
export function byClaim(a: Segment, b: Segment): number {
  return (
    Number(isWorkKind(b.kind)) - Number(isWorkKind(a.kind)) ||
    a.startMs - b.startMs ||
    (a.segmentId < b.segmentId ? -1 : Number(a.segmentId > b.segmentId))
  );
}

/** True when both use the same GPU at some instant. */
export function meet(a: Segment, b: Segment): boolean {
  return a.instanceId === b.instanceId && a.gpu === b.gpu && a.startMs < b.endMs && b.startMs < a.endMs;
}

/**
 * Whether at some instant a segment and those with an earlier claim have more than the whole GPU (I3). It looks at
 * the neighbours themselves, not at whether they are quarantined: a segment's fate depends on the segments it meets
 * and on nothing further, and what remains never exceeds the GPU.
 */
export function isOvercommitted(segment: Segment, neighbours: readonly Segment[]): boolean {
  const earlier = neighbours.filter(
    (other) =>
      other.segmentId !== segment.segmentId &&
      meet(other, segment) &&
      malformation(other) === undefined &&
      byClaim(other, segment) < 0,
  );
  const instants = [segment.startMs, ...earlier.map(({ startMs }) => Math.max(startMs, segment.startMs))];
  return instants.some((at) => {
    const present = earlier.filter(({ startMs, endMs }) => startMs <= at && at < endMs);
    return present.reduce((sum, { sharePpm }) => sum + sharePpm, segment.sharePpm) > FULL_SHARE_PPM;
  });
}
