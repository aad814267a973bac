import type { DurationMs } from '@millrace/kernel';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';

const DAY_MS: DurationMs = 24 * 3_600_000;
/** As long as topics keep what may still speak of a task, and a day. The gateway keeps the view for its tenants. */
const KEPT_MS: DurationMs = 8 * DAY_MS;
/** What no task of its like has run for longer than this foretells nothing any more. */
const RUNS_KEPT_MS: DurationMs = 90 * DAY_MS;
/** Rows of each table that one sweep removes at most: it runs in the owner loop. */
export const SWEEP_ROWS_MAX = 1_000;

/** Removes what has ended long ago: terminal tasks, worker incarnations without leases, tombstones. */
export class SweepEnded {
  constructor(private readonly context: SchedulingContext) {}

  /** Returns true when a limit was met, so that there may be more. */
  async execute(): Promise<boolean> {
    const before = this.context.clock.now() - KEPT_MS;
    const removed = await runAsLeader(this.context, async ({ tasks, workers, history }) => [
      await tasks.removeEnded(before, SWEEP_ROWS_MAX),
      await tasks.removeTombstones(before, SWEEP_ROWS_MAX),
      await workers.removeEnded(before, SWEEP_ROWS_MAX),
      await history.removeOld(before - RUNS_KEPT_MS, before, SWEEP_ROWS_MAX),
    ]);
    return removed.some((count) => count >= SWEEP_ROWS_MAX);
  }
}
