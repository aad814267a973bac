import type { DurationMs } from '@millrace/kernel';
import type { SweepRule } from '../sweep/table-sweeper.postgres.js';

const DAY_MS: DurationMs = 24 * 3_600_000;
/** Longer than any topic keeps what an entry waits for: nothing will ever release it. */
const KEPT_MS: DurationMs = 42 * DAY_MS;

/** Parked events that waited in vain. What goes is lost, so the log says how much. */
export function parkedSweep(schema: string): SweepRule {
  return {
    table: `${schema}.parked_events`,
    since: 'parked_at',
    keptMs: KEPT_MS,
    warning: 'parked events that nothing will ever release were removed',
  };
}
