import type { Decision } from '../../policy/decision.js';
import type { RecordedCycle } from '../../policy/recorded-cycle.js';

/** Keeps a sample of cycles, so that they can be decided again elsewhere. Never throws; never awaited. */
export interface CycleRecorder {
  /** Called for every cycle with the very values that were given to `decide`. */
  decided(
    cycle: Pick<RecordedCycle, 'at' | 'configVersion' | 'snapshot' | 'config'>,
    decisions: readonly Decision[],
  ): void;
}
