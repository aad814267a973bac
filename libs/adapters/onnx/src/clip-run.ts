import { rm } from 'node:fs/promises';
import path from 'node:path';
import { sleep } from '@millrace/kernel';
import type { EngineOutput, EngineRun, EngineStep, GenerationJob } from '@millrace/execution/ports';
import { FrameJournal, unpackFrames } from './checkpoint/frame-journal.js';
import { decodeRunState, encodeRunState, type RunState } from './checkpoint/run-state.js';
import { FRAMES_PER_SECOND, totalStepsOf, type ClipPlan } from './clip-plan.js';
import { Denoiser, type DenoisingState } from './denoising/denoiser.js';
import { sceneOf } from './latent/scene.js';
import type { VideoModel } from './model/video-model.js';
import type { Canvas } from './rendering/canvas.js';
import type { Moment, Renderer } from './rendering/renderer.js';
import type { FfmpegTools } from './video/ffmpeg-process.js';
import { previewJpeg, writeThumbnail } from './video/jpeg.js';
import { Mp4Encoder } from './video/mp4-encoder.js';

/** The moment that a preview of a latent shows: well into the motion. */
const PREVIEW_MOMENT: Moment = { position: 0.4, atS: 0 };

export interface ClipParts {
  readonly model: VideoModel;
  readonly tools: FfmpegTools;
  readonly plan: ClipPlan;
  readonly canvas: Canvas;
  readonly renderer: Renderer;
}

/** One run of one job: denoises the latent, then paints and encodes frame after frame. Used once. */
export class ClipRun {
  private readonly denoiser: Denoiser;
  private readonly start: RunState;
  private readonly videoPath: string;
  private readonly thumbnailPath: string;
  private journal = new FrameJournal();

  constructor(
    private readonly job: GenerationJob,
    private readonly run: EngineRun,
    private readonly parts: ClipParts,
  ) {
    const { model, plan } = parts;
    this.denoiser = new Denoiser(model, { prompt: job.prompt, seed: job.seed, steps: plan.denoisingSteps });
    const { resumeFrom } = run;
    this.start = resumeFrom ? decodeRunState(resumeFrom.state) : { denoising: this.denoiser.start(), frames: 0 };
    this.videoPath = path.join(run.workDirectory, 'video.mp4');
    this.thumbnailPath = path.join(run.workDirectory, 'thumbnail.jpg');
  }

  /** Errors: the signal's reason once that is aborted, `engine_crashed`. Leaves no file behind then. */
  async complete(): Promise<EngineOutput> {
    try {
      this.run.signal.throwIfAborted();
      await this.render(await this.denoise());
      return this.output();
    } catch (error) {
      await Promise.all([this.videoPath, this.thumbnailPath].map((file) => rm(file, { force: true })));
      throw this.run.signal.aborted ? this.run.signal.reason : error;
    }
  }

  private async denoise(): Promise<DenoisingState> {
    let state = this.start.denoising;
    while (state.step < this.parts.plan.denoisingSteps) {
      state = await this.denoiser.next(state);
      const { z } = state;
      await this.endStep('denoising', { denoising: state, frames: 0 }, () => this.paint(z, PREVIEW_MOMENT));
    }
    return state;
  }

  private async render(denoising: DenoisingState): Promise<void> {
    const { plan, tools, canvas } = this.parts;
    const sizes = { from: canvas, to: plan.videoSize };
    const encoder = new Mp4Encoder(tools, { ...sizes, framesPerSecond: FRAMES_PER_SECOND, path: this.videoPath });
    try {
      await this.replay(encoder);
      for (let frame = this.start.frames; frame < plan.frames; frame++) {
        const rgb = await this.paint(denoising.z, this.momentOf(frame));
        this.journal.add(rgb);
        await this.encode(encoder, frame, rgb);
        await this.endStep('rendering', { denoising, frames: frame + 1 }, () => Promise.resolve(rgb));
      }
      await encoder.finish();
    } catch (error) {
      await encoder.abandon();
      throw error;
    }
  }

  /** Gives the encoder the frames of earlier attempts again: it keeps no state of its own. */
  private async replay(encoder: Mp4Encoder): Promise<void> {
    const { frames } = this.start;
    let last: Uint8Array | undefined;
    let frame = 0;
    for (const rgb of unpackFrames(this.run.resumeFrom?.blobs ?? [], frames, this.parts.canvas.frameBytes)) {
      await this.encode(encoder, frame++, rgb);
      this.run.signal.throwIfAborted();
      last = rgb;
    }
    this.journal = new FrameJournal(frames, last);
  }

  private async encode(encoder: Mp4Encoder, frame: number, rgb: Uint8Array): Promise<void> {
    const { plan, tools, canvas } = this.parts;
    await encoder.write(rgb);
    if (frame !== Math.floor(plan.frames / 2)) return;
    await writeThumbnail(tools, { ...canvas.size, rgb }, plan.videoSize, this.thumbnailPath);
  }

  private paint(z: Float32Array, moment: Moment): Promise<Uint8Array> {
    return this.parts.renderer.frame(sceneOf(z, this.parts.model.description), moment);
  }

  private momentOf(frame: number): Moment {
    return { position: frame / (this.parts.plan.frames - 1), atS: frame / FRAMES_PER_SECOND };
  }

  private async endStep(
    stage: EngineStep['stage'],
    state: RunState,
    picture: () => Promise<Uint8Array>,
  ): Promise<void> {
    const { signal } = this.run;
    await this.run.onStep(this.stepOf(stage, state, picture));
    if (this.job.stepDelayMs > 0) await sleep(this.parts.tools.clock, this.job.stepDelayMs, signal);
    signal.throwIfAborted();
  }

  private stepOf(stage: EngineStep['stage'], state: RunState, picture: () => Promise<Uint8Array>): EngineStep {
    const { tools, canvas, plan } = this.parts;
    const step = state.denoising.step + state.frames;
    return {
      step,
      totalSteps: totalStepsOf(plan),
      stage,
      preview: async () => ({
        mediaType: 'image/jpeg',
        bytes: await previewJpeg(tools, { ...canvas.size, rgb: await picture() }),
      }),
      checkpoint: () =>
        Promise.resolve({ step, state: encodeRunState(state), newBlobs: this.journal.take(state.frames) }),
    };
  }

  private output(): EngineOutput {
    const { plan } = this.parts;
    return {
      files: [
        { kind: 'video', path: this.videoPath, mediaType: 'video/mp4' },
        { kind: 'thumbnail', path: this.thumbnailPath, mediaType: 'image/jpeg' },
      ],
      media: { durationS: plan.frames / FRAMES_PER_SECOND, ...plan.videoSize },
    };
  }
}
