import { invariant, type DurationMs } from '@millrace/kernel';
import { dealGpuTime } from '../domain/deal-gpu-time.js';
import {
  FULL_SHARE_PPM,
  SEGMENT_MAX_MS,
  segmentIdOf,
  type Segment,
  type SegmentKind,
  type SegmentOwner,
} from '../domain/gpu-track.js';
import {
  CUT_WAIT_MIN_MS,
  type AttemptUsage,
  type GpuGrant,
  type GpuMeterOptions,
  type Meter,
  type SlotMeter,
} from './meter.js';

interface Use {
  readonly owner: SegmentOwner;
  readonly traceparent: string | undefined;
  readonly gpus: readonly number[];
  kind: 'run' | 'load';
  gpuMs: number;
  segmentCount: number;
}

interface Lane {
  /** Undefined for the first lane of a GPU: what nobody was granted. */
  readonly use: Use | undefined;
  readonly grantPpm: number;
  sharePpm: number;
  owed: number;
}

interface MeteredGpu {
  readonly lanes: Lane[];
  startMs: number;
  occupiedMs: number;
}

/**
 * Accounts for every millisecond of GPUs that tasks are granted parts of: a whole one, a quarter, three of seven slices.
 * All lanes of a GPU are cut together whenever one comes, goes or turns, so that their shares are the whole at each instant
 * (I3) and their milliseconds its time (I1). What more is granted than there is counts as what is left: the first come first.
 */
export class GrantedMeter implements Meter {
  private readonly gpus: readonly MeteredGpu[];
  private readonly uses = new Set<Use>();
  private ownerlessSeq = 0;
  private restKind: SegmentKind = 'boot';
  private cancelCut: (() => void) | undefined;
  private stoppedAtMs: DurationMs | undefined;

  constructor(private readonly options: GpuMeterOptions) {
    this.gpus = Array.from({ length: options.gpus }, () => {
      return { lanes: [laneOf(undefined, FULL_SHARE_PPM)], startMs: 0, occupiedMs: 0 };
    });
    this.scheduleCut();
  }

  restAs(kind: 'idle' | 'drain'): void {
    this.gpus.forEach((_, gpu) => this.cut(gpu));
    this.restKind = kind;
  }

  occupiedMs(): DurationMs {
    const nowMs = this.nowMs();
    return this.gpus.reduce(
      (sum, gpu) => sum + gpu.occupiedMs + (gpu.lanes.length > 1 ? Math.max(0, nowMs - gpu.startMs) : 0),
      0,
    );
  }

  /** Without grants, from a scheduler that tells none: an even part of the slot's GPU. */
  acquire(
    slot: number,
    owner: SegmentOwner,
    traceparent?: string,
    grants: readonly GpuGrant[] = [this.evenPart(slot)],
  ): SlotMeter {
    const known = grants.filter(({ gpu }) => this.gpus[gpu] !== undefined);
    const granted = known.length === 0 ? [this.evenPart(slot)] : known;
    const gpus = granted.map(({ gpu }) => gpu);
    const use: Use = { owner, traceparent, gpus, kind: 'run', gpuMs: 0, segmentCount: 0 };
    for (const { gpu, sharePpm } of granted) {
      this.cut(gpu);
      this.at(gpu).lanes.push(laneOf(use, sharePpm));
      tile(this.at(gpu));
    }
    this.uses.add(use);
    return {
      gpuMs: () => use.gpuMs + this.openGpuMs(use),
      as: (kind) => this.turn(use, kind),
      end: () => this.release(use),
    };
  }

  stop(): DurationMs {
    if (this.stoppedAtMs !== undefined) return this.stoppedAtMs;
    this.cancelCut?.();
    this.stoppedAtMs = this.options.instanceClock.nowMs();
    this.gpus.forEach((_, gpu) => this.cut(gpu));
    return this.stoppedAtMs;
  }

  private turn(use: Use, kind: 'run' | 'load'): void {
    if (!this.uses.has(use) || use.kind === kind) return;
    for (const gpu of use.gpus) this.cut(gpu);
    use.kind = kind;
  }

  private release(use: Use): AttemptUsage {
    invariant(this.uses.delete(use), 'an attempt gives its GPUs back once');
    for (const gpu of use.gpus) this.cut(gpu);
    const [first = 0] = use.gpus;
    const endedAtMs = this.at(first).startMs;
    if (use.segmentCount === 0) this.emit(first, laneOf(use, 0), { startMs: endedAtMs, endMs: endedAtMs, gpuMs: 0 });
    for (const gpu of use.gpus) {
      const { lanes } = this.at(gpu);
      lanes.splice(
        lanes.findIndex((lane) => lane.use === use),
        1,
      );
      tile(this.at(gpu));
    }
    return { endedAtMs, gpuMs: use.gpuMs, segmentCount: use.segmentCount };
  }

  /** After the stop time stands still: what an attempt does then is not GPU time of this instance. */
  private cut(index: number): void {
    const gpu = this.at(index);
    const atMs = this.nowMs();
    while (gpu.startMs < atMs) {
      const startMs = gpu.startMs;
      const endMs = Math.min(atMs, startMs + SEGMENT_MAX_MS);
      const dealt = dealGpuTime(endMs - startMs, gpu.lanes);
      gpu.lanes.forEach((lane, at) => {
        const { gpuMs = 0, owed = 0 } = dealt[at] ?? {};
        lane.owed = owed;
        if (lane.use !== undefined || lane.sharePpm > 0) this.emit(index, lane, { startMs, endMs, gpuMs });
      });
      if (gpu.lanes.length > 1) gpu.occupiedMs += endMs - startMs;
      gpu.startMs = endMs;
    }
  }

  private emit(gpu: number, { use, sharePpm }: Lane, piece: Pick<Segment, 'startMs' | 'endMs' | 'gpuMs'>): void {
    const seq = use === undefined ? ++this.ownerlessSeq : ++use.segmentCount;
    if (use !== undefined) use.gpuMs += piece.gpuMs;
    const segmentId = segmentIdOf(this.options.instanceId, gpu, use?.owner, seq);
    const kind = use?.kind ?? this.restKind;
    this.options.record([{ segmentId, gpu, kind, ...use?.owner, seq, ...piece, sharePpm }], use);
  }

  /** What a cut would give at least: what is told on the way is never more than what the end states. */
  private openGpuMs(use: Use): number {
    const nowMs = this.nowMs();
    return use.gpus.reduce((sum, index) => {
      const { lanes, startMs } = this.at(index);
      const sharePpm = lanes.find((lane) => lane.use === use)?.sharePpm ?? 0;
      return sum + Math.floor((Math.max(0, nowMs - startMs) * sharePpm) / FULL_SHARE_PPM);
    }, 0);
  }

  private evenPart(slot: number): GpuGrant {
    const { gpus, slots } = this.options;
    const gpu = slot % gpus;
    return { gpu, sharePpm: Math.floor(FULL_SHARE_PPM / Math.max(1, Math.ceil((slots - gpu) / gpus))) };
  }

  private scheduleCut(): void {
    const dueMs = Math.min(...this.gpus.map(({ startMs }) => startMs)) + SEGMENT_MAX_MS - this.nowMs();
    this.cancelCut = this.options.clock.after(Math.max(CUT_WAIT_MIN_MS, dueMs), () => {
      const nowMs = this.nowMs();
      this.gpus.forEach(({ startMs }, gpu) => {
        if (startMs + SEGMENT_MAX_MS <= nowMs) this.cut(gpu);
      });
      this.scheduleCut();
    });
  }

  private nowMs(): DurationMs {
    return this.stoppedAtMs ?? this.options.instanceClock.nowMs();
  }

  private at(index: number): MeteredGpu {
    const gpu = this.gpus[index];
    invariant(gpu !== undefined, `GPU ${index} exists`);
    return gpu;
  }
}

function laneOf(use: Use | undefined, sharePpm: number): Lane {
  return { use, grantPpm: sharePpm, sharePpm, owed: 0 };
}

/** Shares as granted, in order of arrival, while there is something left; the first lane has what remains. */
function tile({ lanes }: MeteredGpu): void {
  const [rest, ...granted] = lanes;
  let freePpm = FULL_SHARE_PPM;
  for (const lane of granted) {
    lane.sharePpm = Math.min(lane.grantPpm, freePpm);
    freePpm -= lane.sharePpm;
  }
  if (rest !== undefined) rest.sharePpm = freePpm;
}
