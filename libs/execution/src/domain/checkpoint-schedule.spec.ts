import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCheckpointDue, type CheckpointTick } from './checkpoint-schedule.js';

const tick = (overrides: Partial<CheckpointTick>): CheckpointTick => ({
  step: 10,
  totalSteps: 88,
  stage: 'denoising',
  lastStep: 0,
  sinceLastMs: 400,
  ...overrides,
});

describe('when a checkpoint is due', () => {
  it.each<[string, Partial<CheckpointTick>, boolean]>([
    ['WRK-11: at the tenth denoising step', {}, true],
    ['not at the ninth', { step: 9 }, false],
    ['WRK-11: at the twentieth, also when another came shortly before', { step: 20, lastStep: 17 }, true],
    ['after ten frames and a second', { stage: 'rendering', step: 34, lastStep: 24, sinceLastMs: 1_000 }, true],
    ['not after ten frames in half a second', { stage: 'rendering', step: 34, lastStep: 24, sinceLastMs: 500 }, false],
    ['not after nine frames in a second', { stage: 'rendering', step: 33, lastStep: 24, sinceLastMs: 1_000 }, false],
    ['after 5 s, however few the steps', { step: 3, sinceLastMs: 5_000 }, true],
    ['not twice at one step', { step: 10, lastStep: 10, sinceLastMs: 9_000 }, false],
    ['not after the last step', { step: 88, sinceLastMs: 9_000 }, false],
  ])('%s', (_name, overrides, wanted) => {
    expect(isCheckpointDue(tick(overrides))).toBe(wanted);
  });

  it('never leaves more than 5 s of finished steps unsaved, but for the last step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86 }), fc.integer({ min: 5_000, max: 60_000 }), (step, sinceLastMs) => {
        expect(isCheckpointDue(tick({ step, sinceLastMs }))).toBe(true);
      }),
    );
  });
});
