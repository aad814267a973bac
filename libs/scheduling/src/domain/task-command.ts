import type { NanoDollars } from '@millrace/kernel';
import type { CapacityKind } from './attempt.js';
import type { TaskRequest } from './task.js';
import type { CheckpointReference, Failure, TaskResult } from './task-work.js';

/** Who is to run an attempt: a worker incarnation and what its time costs. */
export interface Leaseholder {
  readonly workerId: string;
  readonly incarnation: string;
  readonly instanceId: string;
  readonly pool: string;
  readonly capacity: CapacityKind;
  readonly pricePerGpuHour: NanoDollars;
  /** Positions among the worker's GPUs; absent where the worker tells of none. */
  readonly devices?: readonly number[];
  /** Thousandths of each of them that it is granted. */
  readonly deviceMilli?: readonly number[];
}

/** What a report of the live lease says beside its kind. Times on the instance clock, ms. */
export interface ReportFacts {
  /** From 1 per (attempt, epoch). */
  readonly number: number;
  readonly atMs: number;
  readonly gpuMs: number;
  readonly step: number;
  readonly resumedFromStep: number | null;
  readonly checkpoint: CheckpointReference | null;
  readonly segmentCount: number | null;
}

export type TaskCommand =
  | { readonly kind: 'requested'; readonly request: TaskRequest }
  | { readonly kind: 'cancelRequested' }
  | { readonly kind: 'leased'; readonly holder: Leaseholder; readonly reason: string }
  | { readonly kind: 'started'; readonly report: ReportFacts }
  | { readonly kind: 'checkpointed'; readonly report: ReportFacts }
  | { readonly kind: 'succeeded'; readonly report: ReportFacts; readonly result: TaskResult }
  | { readonly kind: 'failed'; readonly report: ReportFacts; readonly error: Failure }
  | { readonly kind: 'preempted'; readonly report: ReportFacts }
  | { readonly kind: 'cancelled'; readonly report: ReportFacts }
  /** The lease ended without a report. `counted` is false after a take-over, a gap on the bus or an orderly leave. */
  | { readonly kind: 'lost'; readonly closedAtMs: number; readonly counted: boolean }
  | { readonly kind: 'expired' };

export type TaskCommandKind = TaskCommand['kind'];
