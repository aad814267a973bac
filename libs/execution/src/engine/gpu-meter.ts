import { invariant, type DurationMs } from '@millrace/kernel';
import {
  cutDueMs,
  cutTrack,
  emptySegment,
  gpuMsOf,
  openTrack,
  placeTracks,
  turnTrack,
  type Segment,
  type SegmentOwner,
  type SegmentKind,
  type Track,
} from '../domain/gpu-track.js';
import { CUT_WAIT_MIN_MS, type AttemptUsage, type GpuMeterOptions, type Meter, type SlotMeter } from './meter.js';

interface SlotUse {
  readonly owner: SegmentOwner;
  readonly traceparent: string | undefined;
  gpuMs: number;
  segmentCount: number;
}

/**
 * Accounts for every millisecond of GPUs that slots share evenly, where nobody knows what of which GPU a task uses: each
 * slot's track is at any instant
 * exactly one of boot, idle, load, run and drain (guarantees.md section 2; I1, I3).
 */
export class GpuMeter implements Meter {
  private tracks: Track[];
  private readonly uses = new Map<number, SlotUse>();
  private ownerlessSeq = 0;
  private restKind: SegmentKind = 'boot';
  private cancelCut: (() => void) | undefined;
  private stoppedAtMs: number | undefined;
  private endedOccupiedMs = 0;
  /** By GPU, while at least one of its slots runs an attempt. */
  private readonly busySinceMs = new Map<number, DurationMs>();

  constructor(private readonly options: GpuMeterOptions) {
    this.tracks = placeTracks(options.gpus, options.slots).map((place) => openTrack(place, 'boot', 0));
    this.scheduleCut();
  }

  restAs(kind: 'idle' | 'drain'): void {
    this.restKind = kind;
    this.tracks.forEach((track, index) => {
      if (track.owner === undefined) this.turn(index, kind, undefined);
    });
  }

  occupiedMs(): DurationMs {
    const nowMs = this.nowMs();
    return [...this.busySinceMs.values()].reduce((sum, sinceMs) => sum + nowMs - sinceMs, this.endedOccupiedMs);
  }

  acquire(slot: number, owner: SegmentOwner, traceparent?: string): SlotMeter {
    invariant(slot < this.tracks.length && !this.uses.has(slot), `slot ${slot} is free`);
    const use: SlotUse = { owner, traceparent, gpuMs: 0, segmentCount: 0 };
    this.turn(slot, 'run', owner);
    this.uses.set(slot, use);
    const { gpu } = this.trackAt(slot).place;
    if (!this.busySinceMs.has(gpu)) this.busySinceMs.set(gpu, this.nowMs());
    return {
      gpuMs: () => use.gpuMs + this.openGpuMs(slot, use),
      as: (kind) => {
        if (this.uses.get(slot) === use) this.turn(slot, kind, owner);
      },
      end: () => this.release(slot, use),
    };
  }

  stop(): number {
    if (this.stoppedAtMs !== undefined) return this.stoppedAtMs;
    this.cancelCut?.();
    this.stoppedAtMs = this.options.instanceClock.nowMs();
    this.tracks.forEach((_, index) => this.cut(index));
    return this.stoppedAtMs;
  }

  private release(slot: number, use: SlotUse): AttemptUsage {
    invariant(this.uses.get(slot) === use, 'an attempt gives its slot back once');
    this.cut(slot);
    if (use.segmentCount === 0) this.take(slot, [emptySegment(this.options.instanceId, this.trackAt(slot))]);
    this.uses.delete(slot);
    this.noteRest(this.trackAt(slot).place.gpu);
    this.tracks[slot] = turnTrack(this.trackAt(slot), this.restKind, undefined);
    return { endedAtMs: this.trackAt(slot).startMs, gpuMs: use.gpuMs, segmentCount: use.segmentCount };
  }

  private noteRest(gpu: number): void {
    if ([...this.uses.keys()].some((slot) => this.trackAt(slot).place.gpu === gpu)) return;
    this.endedOccupiedMs += this.nowMs() - (this.busySinceMs.get(gpu) ?? this.nowMs());
    this.busySinceMs.delete(gpu);
  }

  private nowMs(): DurationMs {
    return this.stoppedAtMs ?? this.options.instanceClock.nowMs();
  }

  private turn(index: number, kind: SegmentKind, owner: SegmentOwner | undefined): void {
    this.cut(index);
    this.tracks[index] = turnTrack(this.trackAt(index), kind, owner);
  }

  /** After the stop time stands still: what an attempt does then is not GPU time of this instance. */
  private cut(index: number): void {
    const atMs = this.nowMs();
    const cut = cutTrack(this.options.instanceId, this.trackAt(index), atMs, () => ++this.ownerlessSeq);
    this.tracks[index] = cut.next;
    this.take(index, cut.segments);
  }

  private take(index: number, segments: readonly Segment[]): void {
    if (segments.length === 0) return;
    const use = this.uses.get(index);
    if (use !== undefined) {
      use.segmentCount += segments.length;
      use.gpuMs += segments.reduce((sum, { gpuMs }) => sum + gpuMs, 0);
    }
    this.options.record(segments, use);
  }

  private openGpuMs(slot: number, use: SlotUse): number {
    const track = this.trackAt(slot);
    if (track.owner !== use.owner) return 0;
    const nowMs = this.nowMs();
    return gpuMsOf(track.place, track.startMs, Math.max(track.startMs, nowMs));
  }

  private scheduleCut(): void {
    const dueMs = Math.min(...this.tracks.map(cutDueMs)) - this.options.instanceClock.nowMs();
    this.cancelCut = this.options.clock.after(Math.max(CUT_WAIT_MIN_MS, dueMs), () => {
      const nowMs = this.options.instanceClock.nowMs();
      this.tracks.forEach((track, index) => {
        if (cutDueMs(track) <= nowMs) this.cut(index);
      });
      this.scheduleCut();
    });
  }

  private trackAt(index: number): Track {
    const track = this.tracks[index];
    invariant(track !== undefined, `track ${index} exists`);
    return track;
  }
}
