/** What an engine is asked to make. */
export interface GenerationJob {
  readonly taskType: string;
  readonly model: string;
  readonly prompt: string;
  readonly negativePrompt?: string;
  /** Path of a local, already vetted image file; for image-to-video. */
  readonly imagePath?: string;
  readonly resolution: { readonly width: number; readonly height: number };
  /** Always set: the caller resolves a missing one, so that every attempt of a task has the same. */
  readonly seed: number;
  readonly steps: number;
  readonly durationS: number;
  /** Waits so long after each step; 0 in production. For demonstrations and tests of long runs. */
  readonly stepDelayMs: number;
}

/**
 * What is needed to go on later, to the same bytes. `state` is small and complete but for the blobs;
 * `blobs` hold what was added since the previous checkpoint of the same run (frames), so that nothing is sent twice.
 */
export interface EngineCheckpoint {
  /** Steps done. */
  readonly step: number;
  readonly state: Uint8Array;
  readonly newBlobs: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** Where to go on: the state of a checkpoint and all blobs up to it, in order of making. */
export interface ResumePoint {
  readonly step: number;
  readonly state: Uint8Array;
  readonly blobs: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

export interface EngineStep {
  /** Steps done, from 1. A step is a denoising step or a rendered frame. */
  readonly step: number;
  readonly totalSteps: number;
  readonly stage: 'denoising' | 'rendering';
  /** A small picture of the current state, made on demand. */
  preview(): Promise<{ readonly mediaType: string; readonly bytes: Uint8Array } | undefined>;
  /** The state after this step. Calling it marks the blobs as taken. */
  checkpoint(): Promise<EngineCheckpoint>;
}

export interface EngineRun {
  readonly workDirectory: string;
  /** GPUs of the machine that are this run's, by their ids: an engine with processes of its own shows them no other. Empty: none was chosen. */
  readonly gpuIds: readonly string[];
  /** Aborted on cancel, preemption or shutdown: the engine stops after the current step and rejects with the reason. */
  readonly signal: AbortSignal;
  readonly resumeFrom?: ResumePoint;
  /** Awaited after each step, before the next one. */
  onStep(step: EngineStep): Promise<void>;
}

export interface EngineOutput {
  /** Files in the work directory. */
  readonly files: readonly {
    readonly kind: 'video' | 'thumbnail' | 'file';
    readonly path: string;
    readonly mediaType: string;
  }[];
  readonly media?: { readonly durationS: number; readonly width: number; readonly height: number };
}

/**
 * Runs generation jobs step by step. Errors: `engine_input_invalid` and `image_unreadable` (the task's fault, no retry);
 * anything else is a crash. Not part of this port: leases, uploads, reports.
 */
export interface InferenceEngine {
  /** Shown to clients: `onnx-demo`, `noop`. */
  readonly name: string;
  readonly taskTypes: readonly string[];
  /** What `load` brings into memory, named as tasks name their model: the scheduler sends tasks to where it is (SCH-45). */
  readonly models: readonly string[];
  /** Hash of model and parameters: a checkpoint of another hash is not resumed. */
  modelHash(job: GenerationJob): string;
  totalSteps(job: GenerationJob): number;
  /** Loads the model. Called once before the first run; idempotent. */
  load(): Promise<void>;
  run(job: GenerationJob, run: EngineRun): Promise<EngineOutput>;
  close(): Promise<void>;
}
