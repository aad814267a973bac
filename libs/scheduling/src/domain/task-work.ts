/**
 * What a task asks a worker to do. Scheduling stores it and hands it on; only `needs` (in task.ts) decides anything.
 * The shapes are those of the events that carry them.
 */
export interface TaskInput {
  readonly prompt?: string | undefined;
  readonly negativePrompt?: string | undefined;
  readonly imageUrl?: string | undefined;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface GenerationParameters {
  readonly seed?: number | undefined;
  readonly steps?: number | undefined;
  readonly durationS?: number | undefined;
  readonly stepDelayMs?: number | undefined;
}

export interface TaskWork {
  readonly model: string;
  readonly input: TaskInput;
  readonly resolution: PictureSize | null;
  readonly parameters: GenerationParameters;
}

/** Where a later attempt goes on from; another `modelHash` starts at step 0. */
export interface CheckpointReference {
  readonly key: string;
  readonly step: number;
  readonly modelHash: string;
}

export interface Artifact {
  readonly id: string;
  readonly kind: 'video' | 'thumbnail' | 'file';
  readonly key: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface MediaSummary {
  readonly durationS: number;
  readonly width: number;
  readonly height: number;
}

/** What an accepted `succeeded` report brings. */
export interface TaskResult {
  readonly artifacts: readonly Artifact[];
  readonly media: MediaSummary | null;
  readonly engine: string;
}

/** Why an attempt or a task failed: the same object in API, webhook and event. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}
