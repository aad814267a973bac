/** A checkpoint every so many steps (WRK-11). */
export const CHECKPOINT_EVERY_STEPS = 10;
/** However slow the steps are, no more than this is lost. */
export const CHECKPOINT_MAX_INTERVAL_MS = 5_000;
/** Rendered frames are checkpointed at most this often: their pictures have to be uploaded, and frames can be fast. */
export const RENDERING_CHECKPOINT_MIN_INTERVAL_MS = 1_000;

export interface CheckpointTick {
  readonly step: number;
  readonly totalSteps: number;
  readonly stage: 'denoising' | 'rendering';
  /** Steps at the last checkpoint, or where the attempt began. */
  readonly lastStep: number;
  /** Monotonic ms since the last checkpoint, or since the attempt began. */
  readonly sinceLastMs: number;
}

/**
 * Whether the state after this step is stored. Denoising: every tenth step by its number, since the state is small.
 * Rendering: after ten frames and at least 1 s. Both: at the latest 5 s after the last one. Never after the last step,
 * when the result itself is next. An interruption is a reason of its own and does not ask here.
 */
export function isCheckpointDue(tick: CheckpointTick): boolean {
  const steps = tick.step - tick.lastStep;
  if (steps <= 0 || tick.step >= tick.totalSteps) return false;
  if (tick.sinceLastMs >= CHECKPOINT_MAX_INTERVAL_MS) return true;
  if (tick.stage === 'denoising') return tick.step % CHECKPOINT_EVERY_STEPS === 0;
  return steps >= CHECKPOINT_EVERY_STEPS && tick.sinceLastMs >= RENDERING_CHECKPOINT_MIN_INTERVAL_MS;
}
