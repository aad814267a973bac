import { describe, expect, it } from '@jest/globals';
import type { GenerationJob } from '@millrace/execution/ports';
import { planClip, totalStepsOf } from './clip-plan.js';

const limits = { steps: { min: 4, max: 50 }, renderHeight: 240 };
const job = (changes: Partial<GenerationJob> = {}): GenerationJob => ({
  taskType: 'ti2v-5B',
  model: 'demo',
  prompt: '',
  resolution: { width: 832, height: 480 },
  seed: 1,
  steps: 24,
  durationS: 4,
  stepDelayMs: 0,
  ...changes,
});

describe('planClip', () => {
  it('counts denoising steps and frames at 24 a second', () => {
    const plan = planClip(job(), limits);
    expect(plan).toMatchObject({ denoisingSteps: 24, frames: 96 });
    expect(totalStepsOf(plan)).toBe(120);
  });

  it.each([
    [0, 4],
    [1, 4],
    [24, 24],
    [24.6, 25],
    [100, 50],
  ])('takes %d steps as %d', (steps, taken) => {
    expect(planClip(job({ steps }), limits).denoisingSteps).toBe(taken);
  });

  it.each([
    [0.01, 2],
    [1.3, 31],
    [60, 1440],
  ])('makes %d seconds of %d frames', (durationS, frames) => {
    expect(planClip(job({ durationS }), limits).frames).toBe(frames);
  });

  it.each([
    ['832*480', 832, 480, 416, 240],
    ['1280*704', 1280, 704, 436, 240],
    ['upright', 480, 832, 138, 240],
    ['smaller than it is painted', 64, 64, 64, 64],
  ])('paints %s with even sides in its aspect', (_, width, height, paintWidth, paintHeight) => {
    const plan = planClip(job({ resolution: { width, height } }), limits);
    expect(plan.paintSize).toEqual({ width: paintWidth, height: paintHeight });
    expect(plan.videoSize).toEqual({ width, height });
  });

  it.each<[string, Partial<GenerationJob>]>([
    ['/resolution', { resolution: { width: 833, height: 480 } }],
    ['/resolution', { resolution: { width: 832, height: 0 } }],
    ['/resolution', { resolution: { width: 832, height: 100_000 } }],
    ['/durationS', { durationS: 0 }],
    ['/durationS', { durationS: NaN }],
    ['/durationS', { durationS: 61 }],
    ['/seed', { seed: 0.5 }],
    ['/steps', { steps: NaN }],
  ])('refuses a bad %s', (pointer, changes) => {
    const refusal = expect.objectContaining({
      kind: 'validation',
      code: 'engine_input_invalid',
      errors: [expect.objectContaining({ pointer })],
    });
    expect(() => planClip(job(changes), limits)).toThrow(refusal);
  });
});
