import type { DurationMs } from '@millrace/kernel';
import type { SweepRule } from '../sweep/table-sweeper.postgres.js';

const DAY_MS: DurationMs = 24 * 3_600_000;
/** The longest retention of a topic (35 days) and 7 days: no record can come again after that. */
const KEPT_MS: DurationMs = 42 * DAY_MS;

/** Inbox marks that no redelivery can ask for any more. */
export function inboxSweep(schema: string): SweepRule {
  return { table: `${schema}.inbox`, since: 'applied_at', keptMs: KEPT_MS };
}
