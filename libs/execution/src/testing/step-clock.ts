import { invariant, type Clock } from '@millrace/kernel';

/** A delay that no engine uses for anything else. */
export const STEP_DELAY_MS = 4_321;

/**
 * A clock for engines: it stands still, counts the waits after steps, and ends each as soon as it is asked for, or never.
 * All other timers of an engine are limits that a test does not reach.
 */
export class StepClock implements Clock {
  /** Waits of `STEP_DELAY_MS` since the last `reset`. */
  waits = 0;
  private onWait: ((endWait: () => void) => void) | undefined;

  now(): number {
    return 0;
  }

  monotonicMs(): number {
    return 0;
  }

  after(delayMs: number, fn: () => void): () => void {
    if (delayMs !== STEP_DELAY_MS) return () => undefined;
    invariant(this.onWait !== undefined, 'a wait after a step is expected');
    this.waits++;
    this.onWait(fn);
    return () => undefined;
  }

  /** From now on `onWait` decides what becomes of a wait. */
  reset(onWait: (endWait: () => void) => void): void {
    this.waits = 0;
    this.onWait = onWait;
  }
}
