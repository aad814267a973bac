import { describe, expect, it } from '@jest/globals';
import { isUuid } from '@millrace/kernel';
import fc from 'fast-check';
import {
  FULL_SHARE_PPM,
  cutTrack,
  gpuMsOf,
  openTrack,
  placeTracks,
  segmentIdOf,
  turnTrack,
  type Segment,
  type SegmentOwner,
} from './gpu-track.js';

const owner: SegmentOwner = { tenantId: 'acme', taskId: 'task-1', costCentre: 'default', attempt: 1, epoch: 1 };
const shapes = fc.record({ gpus: fc.integer({ min: 1, max: 8 }), slots: fc.integer({ min: 1, max: 24 }) });
const instants = fc.array(fc.integer({ min: 0, max: 10_000_000_000 }), { minLength: 1, maxLength: 20 });

describe('placing slots on GPUs', () => {
  it('I3: the tracks of a GPU tile it exactly, whatever the slots', () => {
    fc.assert(
      fc.property(shapes, ({ gpus, slots }) => {
        const places = placeTracks(gpus, slots);
        for (let gpu = 0; gpu < gpus; gpu++) {
          const parts = places.filter((place) => place.gpu === gpu);
          expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
          expect(parts.every((place) => place.parts === parts.length)).toBe(true);
          expect(parts.reduce((sum, { sharePpm }) => sum + sharePpm, 0)).toBe(FULL_SHARE_PPM);
        }
        expect(places.slice(0, slots).map(({ gpu }) => gpu)).toEqual(
          Array.from({ length: slots }, (_, slot) => slot % gpus),
        );
      }),
    );
  });
});

describe('integer GPU time', () => {
  it('I1: the parts of a GPU add up to the whole, at every instant', () => {
    fc.assert(
      fc.property(shapes, instants, ({ gpus, slots }, [atMs = 0]) => {
        const places = placeTracks(gpus, slots);
        const total = places.reduce((sum, place) => sum + gpuMsOf(place, 0, atMs), 0);
        expect(total).toBe(gpus * atMs);
      }),
    );
  });

  it('a stretch has the same GPU time however it is cut', () => {
    fc.assert(
      fc.property(shapes, instants, ({ gpus, slots }, times) => {
        const sorted = [0, ...times].sort((a, b) => a - b);
        for (const place of placeTracks(gpus, slots)) {
          const pieces = sorted.slice(1).map((endMs, index) => gpuMsOf(place, sorted[index] ?? 0, endMs));
          expect(pieces.reduce((sum, ms) => sum + ms, 0)).toBe(gpuMsOf(place, 0, sorted.at(-1) ?? 0));
          expect(Math.min(...pieces)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('is an even share of the time to less than 1 ms, and exact with one slot', () => {
    fc.assert(
      fc.property(shapes, instants, ({ gpus, slots }, times) => {
        const [startMs = 0, endMs = startMs] = [...times].sort((a, b) => a - b);
        for (const place of placeTracks(gpus, slots)) {
          const evenMs = (endMs - startMs) / place.parts;
          expect(Math.abs(gpuMsOf(place, startMs, endMs) - evenMs)).toBeLessThan(1);
          if (place.parts === 1) expect(gpuMsOf(place, startMs, endMs)).toBe(endMs - startMs);
        }
      }),
    );
  });

  it('is never negative, in whatever small steps the slots of a GPU come and go', () => {
    for (const place of placeTracks(1, 64)) {
      for (let atMs = 0; atMs < 1_000; atMs++) expect(gpuMsOf(place, atMs, atMs + 1)).toBeGreaterThanOrEqual(0);
    }
  });
});

const turns = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 65_000 }),
    to: fc.constantFrom('idle', 'run', 'load', 'other', 'cut'),
  }),
  { maxLength: 40 },
);

describe('cutting a track', () => {
  it('P10, P13: never overlaps, loses nothing, and no piece is longer than 10 s', () => {
    fc.assert(
      fc.property(turns, (steps) => {
        const { segments, endMs } = replay(steps);
        let atMs = 0;
        for (const segment of segments) {
          expect(segment.startMs).toBe(atMs);
          expect(segment.endMs).toBeGreaterThan(segment.startMs);
          expect(segment.endMs - segment.startMs).toBeLessThanOrEqual(10_000);
          atMs = segment.endMs;
        }
        expect(atMs).toBe(endMs);
        expect(segments.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(endMs);
      }),
    );
  });

  it('gives every segment an id of its own, the same at each replay', () => {
    fc.assert(
      fc.property(turns, (steps) => {
        const ids = replay(steps).segments.map(({ segmentId }) => segmentId);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.every(isUuid)).toBe(true);
        expect(replay(steps).segments.map(({ segmentId }) => segmentId)).toEqual(ids);
      }),
    );
  });

  it('tells a retried attempt, another task and another epoch apart', () => {
    const ids = [owner, { ...owner, attempt: 2 }, { ...owner, epoch: 2 }, { ...owner, taskId: 'task-2' }, undefined];
    expect(new Set(ids.map((who) => segmentIdOf('instance-1', 0, who, 1))).size).toBe(ids.length);
    expect(segmentIdOf('instance-1', 0, owner, 1)).not.toBe(segmentIdOf('instance-1', 1, owner, 1));
  });
});

/** Plays turns on one full track. Each `other` is a new attempt, so that owners do not come back. */
function replay(steps: readonly { afterMs: number; to: string }[]): { segments: Segment[]; endMs: number } {
  const [place] = placeTracks(1, 1);
  if (place === undefined) throw new Error('one slot has one place');
  const segments: Segment[] = [];
  let track = openTrack(place, 'boot', 0);
  let current = owner;
  let seq = 0;
  let endMs = 0;
  for (const { afterMs, to } of steps) {
    endMs += afterMs;
    const cut = cutTrack('instance-1', track, endMs, () => ++seq);
    segments.push(...cut.segments);
    track = cut.next;
    if (to === 'other') current = { ...current, attempt: current.attempt + 1 };
    if (to === 'idle') track = turnTrack(track, 'idle', undefined);
    else if (to !== 'cut') track = turnTrack(track, to === 'load' ? 'load' : 'run', current);
    if (to === 'idle') current = { ...current, attempt: current.attempt + 1 };
  }
  return { segments, endMs };
}
