import type { Clock, DurationMs } from '@millrace/kernel';
import type { Segment, SegmentOwner } from '../domain/gpu-track.js';
import type { InstanceClock } from './instance-clock.js';

/** The shortest wait for the next cut, so that a late timer can't spin. */
export const CUT_WAIT_MIN_MS = 10;

/** What an attempt was granted of one GPU, in millionths of its time. */
export interface GpuGrant {
  readonly gpu: number;
  readonly sharePpm: number;
}

/** What an attempt has used when it ends. `endedAtMs` is the end of its last segment. */
export interface AttemptUsage {
  readonly endedAtMs: number;
  readonly gpuMs: number;
  readonly segmentCount: number;
}

/** The GPU time of one attempt on its slot. */
export interface SlotMeter {
  /** GPU time so far, the open stretch included. */
  gpuMs(): number;
  /** From here on the time is a run's, or a model load's. */
  as(kind: 'run' | 'load'): void;
  /** Gives the slot back; cuts the last segment. Once. */
  end(): AttemptUsage;
}

/** What a worker's GPUs are accounted with; see `GpuMeter` and `GrantedMeter`. */
export interface Meter {
  /** What the time without an attempt is from now on: `idle` once the worker is registered, `drain` once it leaves. */
  restAs(kind: 'idle' | 'drain'): void;
  /** Time since the start in which a GPU ran at least one attempt, summed over the GPUs, ms. */
  occupiedMs(): DurationMs;
  /** Gives a free slot's time to an attempt, or what it was granted of each GPU. */
  acquire(slot: number, owner: SegmentOwner, traceparent?: string, grants?: readonly GpuGrant[]): SlotMeter;
  /** Cuts everything a last time; the instant at which the GPUs were let go, in instance ms. */
  stop(): DurationMs;
}

export interface GpuMeterOptions {
  readonly instanceId: string;
  readonly gpus: number;
  readonly slots: number;
  readonly clock: Clock;
  readonly instanceClock: InstanceClock;
  /** Takes what was cut. `use` is undefined for boot, idle and drain time. */
  readonly record: (
    segments: readonly Segment[],
    use: { readonly traceparent: string | undefined } | undefined,
  ) => void;
}
