import { gaussianNoise } from '../latent/gaussian-noise.js';
import type { VideoModel } from '../model/video-model.js';
import { encodeCondition } from '../prompt/encode-condition.js';
import { parsePrompt } from '../prompt/parse-prompt.js';
import { createVocabulary } from '../prompt/vocabulary.js';

/** Everything that one denoising step hands to the next. */
export interface DenoisingState {
  /** Steps done. */
  readonly step: number;
  /** The latent between noise and clip, [tokens × token size]. */
  readonly z: Float32Array;
}

export interface DenoisingRequest {
  readonly prompt: string;
  readonly seed: number;
  readonly steps: number;
}

/** Euler steps of a rectified flow with x0 prediction and classifier-free guidance (models/demo-video/README.md). */
export class Denoiser {
  private readonly shape: readonly number[];
  private readonly latentSize: number;
  private readonly condition: Float32Array;

  constructor(
    private readonly model: VideoModel,
    private readonly request: DenoisingRequest,
  ) {
    const { description } = model;
    const vocabulary = createVocabulary(description);
    this.shape = [2, description.tokens, description.token_size];
    this.latentSize = description.tokens * description.token_size;
    // The second half stays zero: the guess without the prompt, for guidance.
    this.condition = new Float32Array(2 * description.cond_size);
    this.condition.set(encodeCondition(parsePrompt(request.prompt, vocabulary), vocabulary));
  }

  start(): DenoisingState {
    return { step: 0, z: gaussianNoise(this.request.seed, this.latentSize) };
  }

  /** The state one step on; `state` is left as it is. */
  async next(state: DenoisingState): Promise<DenoisingState> {
    const { guidance } = this.model.description.sampler;
    const from = this.timeOf(state.step);
    const rate = (this.timeOf(state.step + 1) - from) / (1 - from);
    const guesses = await this.guess(state.z, from);
    const x0 = new Float32Array(this.latentSize);
    const z = state.z.slice();
    for (let i = 0; i < this.latentSize; i++) {
      const withoutPrompt = guesses[this.latentSize + i]!;
      x0[i] = withoutPrompt + guidance * (guesses[i]! - withoutPrompt);
      z[i]! += rate * (x0[i]! - z[i]!);
    }
    return { step: state.step + 1, z };
  }

  /** The clean clip as the network sees it from `z`, with the prompt and without, in one call. */
  private guess(z: Float32Array, time: number): Promise<Float32Array> {
    const twice = new Float32Array(2 * this.latentSize);
    twice.set(z, 0);
    twice.set(z, this.latentSize);
    return this.model.denoiser.run({
      z: { values: twice, shape: this.shape },
      t: { values: Float32Array.of(time, time), shape: [2] },
      cond: { values: this.condition, shape: [2, this.model.description.cond_size] },
    });
  }

  /** 0 noise … 1 clean. */
  private timeOf(step: number): number {
    const linear = step / this.request.steps;
    return linear / (linear + this.model.description.sampler.shift * (1 - linear));
  }
}
