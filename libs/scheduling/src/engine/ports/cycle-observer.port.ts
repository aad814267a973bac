import type { DurationMs } from '@millrace/kernel';
import type { FaultyGpu } from './worker-store.port.js';
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

/** A GPU was taken out of service, or is back (SCH-50). */
export interface GpuOutage extends FaultyGpu {
  readonly workerId: string;
  readonly pool: string;
  readonly change: 'out' | 'back';
}

/** Metrics and logs of cycles and of what ends. Never throws; never awaited. */
export interface SchedulerObserver {
  cycled(report: CycleReport): void;
  refused(count: number): void;
  expired(leases: number, workers: number): void;
  resent(leases: number): void;
  /** GPUs that went out of service or came back, and how many attempts were stopped on those that are out. */
  gpusChanged(outages: readonly GpuOutage[], evicted: number): void;
  /** Task types whose demands no worker that runs them has the CPU and memory for; each is told once. */
  demandsUnmet(taskTypes: readonly string[]): void;
  /** Tasks that completed, and whether within the nine-in-ten estimate that was told when they were first seen waiting. */
  forecast(completed: { readonly withinP90: number; readonly late: number }): void;
}
