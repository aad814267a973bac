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
  const ownPpm = segment.sharePpm;
  if (earlier.reduce((sum, { sharePpm }) => sum + sharePpm, ownPpm) <= FULL_SHARE_PPM) return false;
  return mostAtOnce(segment.startMs, earlier) + ownPpm > FULL_SHARE_PPM;
}

/** The largest sum of shares at one instant from `fromMs` on: walked along starts and ends, at one instant ends first. */
function mostAtOnce(fromMs: number, segments: readonly Segment[]): number {
  const turns = segments
    .map(({ startMs, endMs, sharePpm }) => ({ startMs: Math.max(startMs, fromMs), endMs, sharePpm }))
    .filter(({ startMs, endMs }) => startMs < endMs)
    .flatMap(({ startMs, endMs, sharePpm }) => [
      { atMs: startMs, ppm: sharePpm },
      { atMs: endMs, ppm: -sharePpm },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.ppm - b.ppm);
  let present = 0;
  let most = 0;
  for (const { ppm } of turns) {
    present += ppm;
    most = Math.max(most, present);
  }
  return most;
}
