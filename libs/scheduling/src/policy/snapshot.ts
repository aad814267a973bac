import type { Instant } from '@millrace/kernel';
import type { Lane, ResourceNeeds, Task } from '../domain/task.js';

/** A task that waits, as the policy sees it. */
export interface PendingTask extends Lane {
  readonly id: Task['id'];
  readonly needs: ResourceNeeds;
  readonly requestedAt: Instant;
  /** Its last attempt failed: it pauses until then. Absent for all others. */
  readonly notBefore?: Instant;
}

/** A worker incarnation, as the policy sees it. */
export interface WorkerView {
  readonly workerId: string;
  readonly incarnation: string;
  readonly pool: string;
  readonly gpus: number;
  /** Per GPU. */
  readonly vramMiB: number;
  /** Attempts at once, and how many of them are leased. */
  readonly slots: number;
  readonly usedSlots: number;
  readonly taskTypes: readonly string[];
  readonly draining: boolean;
  readonly alive: boolean;
}

/** The world at one moment. Immutable; the policy sees nothing else. */
export interface SchedulingSnapshot {
  readonly pending: readonly PendingTask[];
  readonly workers: readonly WorkerView[];
}

export interface PolicyConfig {
  /** Placements of one cycle at most: bounds the transaction that applies them. */
  readonly maxPlacements: number;
}
