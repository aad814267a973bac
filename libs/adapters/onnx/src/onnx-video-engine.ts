import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EngineOutput, EngineRun, GenerationJob, InferenceEngine } from '@millrace/execution/ports';
import { invariant, type Clock, type Logger } from '@millrace/kernel';
import { ClipRun } from './clip-run.js';
import { planClip, totalStepsOf, type ClipPlan } from './clip-plan.js';
import { engineInputInvalid, imageUnreadable } from './engine-errors.js';
import {
  identifyModel,
  loadVideoModel,
  releaseVideoModel,
  type ModelIdentity,
  type VideoModel,
} from './model/video-model.js';
import { Canvas } from './rendering/canvas.js';
import { Renderer } from './rendering/renderer.js';
import { loadCoverImage } from './video/cover-image.js';
import { installedFfmpeg } from './video/ffmpeg-path.js';
import type { FfmpegTools } from './video/ffmpeg-process.js';

/** Part of the model hash: raise it with every change that alters a frame's bytes or a checkpoint's format. */
const ENGINE_VERSION = 1;
/** As tasks name it; the files in `models/demo-video` are of this version. */
const MODELS = ['demo-video@1'] as const;
const IMAGE_TO_VIDEO = 'i2v-A14B';
const TASK_TYPES = ['ti2v-5B', 't2v-A14B', IMAGE_TO_VIDEO] as const;
/** Sharp enough for a demonstration; 480 lines take four times as long. */
const DEFAULT_RENDER_HEIGHT = 240;

export interface OnnxVideoEngineOptions {
  /** Where the model's files are; see `demoModelDirectory()`. */
  readonly modelDirectory: string;
  /** Threads of the ONNX runtime. The bytes do not depend on it. */
  readonly threads: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Lines that frames are painted with before they are brought to the video's size. Default 240. */
  readonly renderHeight?: number;
}

/**
 * The built-in demonstration engine: a small text-to-video model on the CPU (models/demo-video). The same job gives the
 * same bytes, whole or resumed. It does not use the negative prompt.
 */
export function createOnnxVideoEngine(options: OnnxVideoEngineOptions): InferenceEngine {
  return new OnnxVideoEngine(options);
}

interface Loaded {
  readonly model: VideoModel;
  readonly tools: FfmpegTools;
}

class OnnxVideoEngine implements InferenceEngine {
  readonly name = 'onnx-demo';
  readonly taskTypes = TASK_TYPES;
  readonly models = MODELS;
  private loading: Promise<Loaded> | undefined;
  private loaded: Loaded | undefined;
  private known: ModelIdentity | undefined;

  constructor(private readonly options: OnnxVideoEngineOptions) {}

  async load(): Promise<void> {
    this.loading ??= this.loadOnce();
    try {
      this.loaded = await this.loading;
    } catch (error) {
      this.loading = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const { loaded } = this;
    this.loaded = undefined;
    this.loading = undefined;
    if (loaded !== undefined) await releaseVideoModel(loaded.model);
  }

  /** Reads the job's image. Errors: `image_unreadable`, `engine_input_invalid`. */
  modelHash(job: GenerationJob): string {
    const image = job.imagePath === undefined ? null : imageHash(job.imagePath);
    const parameters = [job.prompt, job.seed, this.planOf(job), image];
    return sha256(JSON.stringify([ENGINE_VERSION, this.identity().filesHash, ...parameters]));
  }

  /** Errors: `engine_input_invalid`. */
  totalSteps(job: GenerationJob): number {
    return totalStepsOf(this.planOf(job));
  }

  async run(job: GenerationJob, run: EngineRun): Promise<EngineOutput> {
    invariant(this.loaded !== undefined, 'the engine is loaded');
    const { model, tools } = this.loaded;
    const plan = this.planOf(job);
    const canvas = new Canvas(plan.paintSize.width, plan.paintSize.height);
    const image = job.imagePath === undefined ? undefined : await loadCoverImage(tools, job.imagePath, canvas);
    const renderer = new Renderer(model, canvas, image);
    return new ClipRun(job, run, { model, tools, plan, canvas, renderer }).complete();
  }

  private planOf(job: GenerationJob): ClipPlan {
    if (!TASK_TYPES.some((taskType) => taskType === job.taskType)) {
      throw engineInputInvalid('/taskType', `This engine makes ${TASK_TYPES.join(', ')} only.`);
    }
    if (job.taskType === IMAGE_TO_VIDEO && job.imagePath === undefined) {
      throw engineInputInvalid('/imagePath', 'Image-to-video needs an image.');
    }
    const { sampler } = this.identity().description;
    return planClip(job, { steps: sampler.steps, renderHeight: this.options.renderHeight ?? DEFAULT_RENDER_HEIGHT });
  }

  /** Known before the model is loaded: a worker tells a job's steps while it loads. */
  private identity(): ModelIdentity {
    return (this.known ??= identifyModel(this.options.modelDirectory));
  }

  private async loadOnce(): Promise<Loaded> {
    const { modelDirectory, threads, clock, logger } = this.options;
    const startedMs = clock.monotonicMs();
    const { description } = this.identity();
    const loading = loadVideoModel(modelDirectory, threads, description);
    const [model, ffmpeg] = await Promise.all([loading, installedFfmpeg()]);
    logger.info('video model loaded', { threads, tookMs: Math.round(clock.monotonicMs() - startedMs) });
    return { model, tools: { ffmpeg, clock } };
  }
}

function imageHash(file: string): string {
  try {
    return sha256(readFileSync(file));
  } catch (cause) {
    throw imageUnreadable('The image can not be read; send it again.', cause);
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
