import type { DurationMs } from '@millrace/kernel';
import type { Placement } from '../../policy/decision.js';
import type { WaitingCode } from '../../policy/waiting-reasons.js';

/** What one cycle saw and did, with the time of each step. */
export interface CycleReport {
  readonly pendingSeen: number;
  readonly placements: readonly Placement[];
  /** Running tasks chosen to stop for one of a higher class. */
  readonly preempted: number;
  readonly waiting: Readonly<Partial<Record<WaitingCode, number>>>;
  readonly readMs: DurationMs;
  readonly decideMs: DurationMs;
  readonly applyMs: DurationMs;
}

/** Metrics and logs of cycles and of what ends. Never throws; never awaited. */
export interface SchedulerObserver {
  cycled(report: CycleReport): void;
  refused(count: number): void;
  expired(leases: number, workers: number): void;
  resent(leases: number): void;
  /** Tasks that completed, and whether within the nine-in-ten estimate that was told when they were first seen waiting. */
  forecast(completed: { readonly withinP90: number; readonly late: number }): void;
}
