import type { DurationMs } from '@millrace/kernel';
import type { CycleWindow } from './scheduling-cycle.js';
import { DEFAULT_SCHEDULING_POLICY, type SchedulingPolicy } from './scheduling-policy.js';

export interface SchedulerSettings {
  /** Lease without a heartbeat (guarantees.md section 1: 30 s; VEC-28 runs at 300 s). */
  readonly leaseMs: DurationMs;
  /** Silent for so long: no new task (three heartbeats of 5 s). */
  readonly suspectMs: DurationMs;
  /** What a worker that left in order still holds ends after this. */
  readonly leavingGraceMs: DurationMs;
  /** Heartbeats or reports that lie unread for longer mean that the scheduler is late, not the workers. */
  readonly workerLagLimitMs: DurationMs;
  /** A task that was never leased for so long expires. */
  readonly queueTtlMs: DurationMs;
  readonly leaderTtlMs: DurationMs;
  readonly tickMs: DurationMs;
  readonly ticksPerQueueSweep: number;
  /** Placements of one cycle and so of one transaction. */
  readonly maxPlacements: number;
  readonly window: CycleWindow;
  readonly policy: SchedulingPolicy;
  /** Lanes that no worker serves are told of under this pool. */
  readonly defaultPool: string;
}

export const DEFAULT_SCHEDULER_SETTINGS: SchedulerSettings = {
  leaseMs: 30_000,
  suspectMs: 15_000,
  leavingGraceMs: 2_000,
  workerLagLimitMs: 10_000,
  queueTtlMs: 24 * 3_600_000,
  leaderTtlMs: 10_000,
  tickMs: 1_000,
  ticksPerQueueSweep: 30,
  maxPlacements: 500,
  window: { initial: 64, factor: 8, max: 4_096 },
  policy: DEFAULT_SCHEDULING_POLICY,
  defaultPool: 'local',
};
