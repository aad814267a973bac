import { invariant } from '@millrace/kernel';
import { RunWindow } from './run-window.js';

/** What a run's length depends on. Null: the task has none of it. */
export interface RunKey {
  readonly taskType: string;
  readonly resolution: string | null;
  readonly frames: number | null;
  readonly steps: number | null;
  readonly model: string;
  readonly pool: string;
}

/** GPU-seconds of a run to come, and what they rest on. */
export interface Prediction {
  readonly p50GpuSeconds: number;
  readonly p90GpuSeconds: number;
  /** `profile`: fewer than {@link FEW_RUNS} runs are known of anything like it, so the task type's profile leads. */
  readonly basis: 'history' | 'profile';
  /** Runs behind it: of this very key, or of the nearest coarser one that has enough; 0 with basis `profile`. */
  readonly samples: number;
}

/** What a task type's profile says of a run before there is any history. */
export interface ProfileFigure {
  readonly p50GpuSeconds: number;
  readonly p90GpuSeconds: number;
}

/** A key with fewer runs leans on the coarser keys above it. */
export const FEW_RUNS = 5;
/** Keys kept; the one unused for longest goes first. */
const KEYS_MAX = 20_000;

interface Level {
  readonly name: string;
  /** GPU-seconds = figure of the level × scale: a coarse level knows the time per step. */
  readonly scale: number;
}

/**
 * Predicts GPU-seconds from the last 200 runs of a key, p50 and p90 (scheduling.md section 1). A thin sample is shrunk
 * towards a coarser one: any pool → time per step of type and model → time per step of the type → the profile. Sees only
 * runs that have ended.
 */
export class GpuSecondsHistory {
  private readonly windows = new Map<string, RunWindow>();

  constructor(private readonly profileOf: (key: RunKey) => ProfileFigure) {}

  /** A run has succeeded after this many GPU-seconds. */
  record(key: RunKey, gpuSeconds: number): void {
    invariant(gpuSeconds >= 0 && Number.isFinite(gpuSeconds), 'a run takes a finite GPU time');
    for (const { name, scale } of levelsOf(key)) {
      const window = this.windows.get(name) ?? new RunWindow();
      window.add(gpuSeconds / scale);
      this.windows.delete(name);
      this.windows.set(name, window);
    }
    for (const name of this.windows.keys()) {
      if (this.windows.size <= KEYS_MAX) break;
      this.windows.delete(name);
    }
  }

  predict(key: RunKey): Prediction {
    const profile = this.profileOf(key);
    let p50 = profile.p50GpuSeconds;
    let p90 = profile.p90GpuSeconds;
    let samples = 0;
    // From coarse to fine: each level moves the figure by the share of trust that its runs have earned.
    for (const { name, scale } of levelsOf(key).toReversed()) {
      const window = this.windows.get(name);
      if (window === undefined) continue;
      const trust = window.size / (window.size + FEW_RUNS);
      p50 += trust * ((window.quantile(0.5) ?? 0) * scale - p50);
      p90 += trust * ((window.quantile(0.9) ?? 0) * scale - p90);
      if (window.size >= FEW_RUNS) samples = window.size;
    }
    return {
      p50GpuSeconds: p50,
      p90GpuSeconds: Math.max(p50, p90),
      basis: samples > 0 ? 'history' : 'profile',
      samples,
    };
  }
}

/** From fine to coarse. */
function levelsOf({ taskType, resolution, frames, steps, model, pool }: RunKey): readonly Level[] {
  const shape = JSON.stringify([taskType, model, resolution, frames, steps]);
  const perStep = Math.max(1, steps ?? 1);
  return [
    { name: `${shape}@${pool}`, scale: 1 },
    { name: shape, scale: 1 },
    { name: JSON.stringify([taskType, model]), scale: perStep },
    { name: JSON.stringify([taskType]), scale: perStep },
  ];
}
