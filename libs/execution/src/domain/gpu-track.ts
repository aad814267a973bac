import { invariant, uuidv5 } from '@millrace/kernel';

/** A segment is cut at least this often (guarantees.md section 2). */
export const SEGMENT_MAX_MS = 10_000;
export const FULL_SHARE_PPM = 1_000_000;
/** Namespace of segment ids; never changes, since a replayed segment must keep its id. */
export const SEGMENT_NAMESPACE = '6f1d2f0e-6a2b-5d0c-9a43-3d1f6a0b7c11';

export type SegmentKind = 'run' | 'load' | 'idle' | 'boot' | 'drain';

/** The attempt a stretch of GPU time belongs to. */
export interface SegmentOwner {
  readonly tenantId: string;
  readonly taskId: string;
  readonly costCentre: string;
  readonly attempt: number;
  readonly epoch: number;
}

/** A closed, immutable stretch of one GPU's time; the shape of `usageSegment` in contracts. Times are instance ms. */
export interface Segment extends Partial<SegmentOwner> {
  readonly segmentId: string;
  readonly gpu: number;
  readonly kind: SegmentKind;
  readonly seq: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly gpuMs: number;
  readonly sharePpm: number;
}

/**
 * A fixed part of one GPU: one of `parts` even ones, from 0. `sharePpm` is its share as reports give it. The tracks of a
 * GPU tile it, so the shares of what runs at once never exceed the whole (I3).
 */
export interface TrackPlace {
  readonly gpu: number;
  readonly part: number;
  readonly parts: number;
  readonly sharePpm: number;
}

/** One track at one moment: exactly one stretch is open. `seq` is the last number given out to the open owner. */
export interface Track {
  readonly place: TrackPlace;
  readonly kind: SegmentKind;
  readonly owner: SegmentOwner | undefined;
  readonly startMs: number;
  readonly seq: number;
}

/**
 * Slot `i` lives on GPU `i mod gpus`; the slots of a GPU share it evenly (1/slots each; the millionths that do not divide
 * go to the later ones). A GPU without a slot has one track of its own that only idles. Slots come first, in order.
 */
export function placeTracks(gpus: number, slots: number): readonly TrackPlace[] {
  invariant(gpus > 0 && slots > 0, 'a worker has at least one GPU and one slot');
  const places = Array.from({ length: slots }, (_, slot) => placeOf(slot, gpus, slots));
  for (let gpu = slots; gpu < gpus; gpu++) places.push({ gpu, part: 0, parts: 1, sharePpm: FULL_SHARE_PPM });
  return places;
}

function placeOf(slot: number, gpus: number, slots: number): TrackPlace {
  const gpu = slot % gpus;
  const parts = Math.ceil((slots - gpu) / gpus);
  const part = Math.floor(slot / gpus);
  const edge = (at: number): number => Math.floor((FULL_SHARE_PPM * at) / parts);
  return { gpu, part, parts, sharePpm: edge(part + 1) - edge(part) };
}

/**
 * Integer GPU milliseconds of a place between two instants: the parts of a GPU take its milliseconds in turn. So the
 * parts of a GPU and of a stretch always add up to the whole, to the millisecond (I1), none is ever negative, and each
 * differs from its even share of the time by less than 1 ms; with one slot it is exactly endMs − startMs.
 */
export function gpuMsOf(place: TrackPlace, startMs: number, endMs: number): number {
  return turnsBefore(place, endMs) - turnsBefore(place, startMs);
}

/** How many of the milliseconds before `atMs` are this part's: part 0 has the first, part 1 the second, and so on. */
function turnsBefore({ part, parts }: TrackPlace, atMs: number): number {
  return Math.floor((atMs + parts - 1 - part) / parts);
}

export function openTrack(place: TrackPlace, kind: SegmentKind, atMs: number): Track {
  return { place, kind, owner: undefined, startMs: atMs, seq: 0 };
}

/** When the open stretch has to be cut. */
export function cutDueMs(track: Track): number {
  return track.startMs + SEGMENT_MAX_MS;
}

export interface TrackCut {
  readonly next: Track;
  readonly segments: readonly Segment[];
}

/**
 * Closes what is open at `atMs`, in pieces of at most 10 s, and goes on with the same. A clock that did not move gives
 * no segment. `takeSeq` numbers segments without owner, which count per instance.
 */
export function cutTrack(instanceId: string, track: Track, atMs: number, takeSeq: () => number): TrackCut {
  const segments: Segment[] = [];
  let next = track;
  while (next.startMs < atMs) {
    const endMs = Math.min(atMs, cutDueMs(next));
    const seq = next.owner === undefined ? takeSeq() : next.seq + 1;
    segments.push(segmentOf(instanceId, next, seq, endMs));
    next = { ...next, startMs: endMs, seq };
  }
  return { next, segments };
}

/** Gives the track to `owner`, or to nobody, from `atMs` on. Cut it first. */
export function turnTrack(track: Track, kind: SegmentKind, owner: SegmentOwner | undefined): Track {
  return { ...track, kind, owner, seq: owner !== undefined && owner === track.owner ? track.seq : 0 };
}

/** An empty segment, for an attempt that ended within one millisecond: every attempt has at least one (I4). */
export function emptySegment(instanceId: string, track: Track): Segment {
  return segmentOf(instanceId, track, track.seq + 1, track.startMs);
}

function segmentOf(instanceId: string, track: Track, seq: number, endMs: number): Segment {
  const { place, kind, owner, startMs } = track;
  return {
    segmentId: segmentIdOf(instanceId, place.gpu, owner, seq),
    gpu: place.gpu,
    kind,
    ...owner,
    seq,
    startMs,
    endMs,
    gpuMs: gpuMsOf(place, startMs, endMs),
    sharePpm: place.sharePpm,
  };
}

/** uuidv5 over instance, GPU, attempt with its task and epoch, and number: the same stretch always has the same id. */
export function segmentIdOf(instanceId: string, gpu: number, owner: SegmentOwner | undefined, seq: number): string {
  const whose = owner === undefined ? 'instance' : `${owner.taskId}/${owner.attempt}-${owner.epoch}`;
  return uuidv5(SEGMENT_NAMESPACE, `${instanceId}/${gpu}/${whose}/${seq}`);
}
