import type { DurationMs } from '@millrace/kernel';
import type { SweepRule } from '../sweep/table-sweeper.postgres.js';
import { SCHEDULING_SCHEMA } from './scheduling-schema.js';

/** Longer than any lease, report or retention of the topics that name a task; the gateway keeps its view for good. */
const KEPT_MS: DurationMs = 7 * 24 * 3_600_000;
const s = SCHEDULING_SCHEMA;

/** What the scheduler no longer decides about: tasks and workers that ended, and cancellations of tasks that never came. */
export const SCHEDULING_SWEEPS: readonly SweepRule[] = [
  { table: `${s}.tasks`, since: 'ended_at', where: `state NOT IN ('queued', 'processing')`, keptMs: KEPT_MS },
  { table: `${s}.workers`, since: 'heartbeat_at', where: `state IN ('lost', 'left')`, keptMs: KEPT_MS },
  { table: `${s}.tombstones`, since: 'left_at', keptMs: KEPT_MS },
];
