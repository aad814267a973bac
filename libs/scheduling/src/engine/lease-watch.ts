import type { DurationMs, TaskId } from '@millrace/kernel';
import type { Lease } from './ports/lease-store.port.js';

interface WatchedLease {
  readonly epoch: number;
  readonly incarnation: string;
  dueMs: DurationMs;
  /** An expiry counts as a lost delivery only when the worker had its full time while we listened. */
  counted: boolean;
  /** Successive heartbeats that did not list the lease. */
  missed: number;
}

export interface DueLease {
  readonly taskId: TaskId;
  readonly epoch: number;
  readonly counted: boolean;
}

export interface LeaseTimes {
  /** How long a lease lives without a heartbeat that lists it. */
  readonly leaseMs: DurationMs;
  /** After so long without a heartbeat a worker gets no new task, though it still holds what it has. */
  readonly suspectMs: DurationMs;
}

/**
 * When leases and workers fall due, on the leader's monotonic clock. Kept in memory only: a new leader gives everyone
 * a full time to live, and does not count what expires before its first heartbeat (guarantees.md section 1).
 * Owned by the scheduler's loop; changed only after the commit of what it reflects.
 */
export class LeaseWatch {
  private readonly leases = new Map<TaskId, WatchedLease>();
  private readonly heardMs = new Map<string, DurationMs>();

  constructor(private readonly times: LeaseTimes) {}

  /** Take-over: every lease and every worker starts anew. */
  rebuild(leases: readonly Lease[], incarnations: readonly string[], nowMs: DurationMs): void {
    this.leases.clear();
    this.heardMs.clear();
    for (const lease of leases) this.watch(lease, nowMs, false);
    for (const incarnation of incarnations) this.heardMs.set(incarnation, nowMs);
  }

  /** A gap in the bus: the same, with what is known. */
  restart(nowMs: DurationMs): void {
    for (const lease of this.leases.values()) {
      lease.dueMs = nowMs + this.times.leaseMs;
      lease.counted = false;
    }
    for (const incarnation of this.heardMs.keys()) this.heardMs.set(incarnation, nowMs);
  }

  granted(leases: readonly Lease[], nowMs: DurationMs): void {
    for (const lease of leases) this.watch(lease, nowMs, true);
  }

  /** Leases of the tables that are not watched: a commit whose answer was lost gave them. */
  adopt(leases: readonly Lease[], nowMs: DurationMs): void {
    for (const lease of leases) {
      if (this.leases.get(lease.taskId)?.epoch !== lease.epoch) this.watch(lease, nowMs, false);
    }
  }

  ended(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) this.leases.delete(taskId);
  }

  renewed(taskId: TaskId, nowMs: DurationMs): void {
    const lease = this.leases.get(taskId);
    if (lease !== undefined) Object.assign(lease, { dueMs: nowMs + this.times.leaseMs, counted: true, missed: 0 });
  }

  /** A heartbeat did not list the lease. True on every second in a row: it is to be sent again. */
  missing(taskId: TaskId): boolean {
    const lease = this.leases.get(taskId);
    if (lease === undefined) return false;
    lease.missed += 1;
    if (lease.missed < 2) return false;
    lease.missed = 0;
    return true;
  }

  /** The worker leaves in order: what it still holds falls due soon, and that is not the tasks' fault. */
  shorten(taskIds: readonly TaskId[], dueMs: DurationMs): void {
    for (const taskId of taskIds) {
      const lease = this.leases.get(taskId);
      if (lease !== undefined) Object.assign(lease, { dueMs: Math.min(lease.dueMs, dueMs), counted: false });
    }
  }

  heard(incarnation: string, nowMs: DurationMs): void {
    this.heardMs.set(incarnation, nowMs);
  }

  forget(incarnations: readonly string[]): void {
    for (const incarnation of incarnations) this.heardMs.delete(incarnation);
  }

  /** Heard lately enough to be given work. */
  isAlive(incarnation: string, nowMs: DurationMs): boolean {
    const heardMs = this.heardMs.get(incarnation);
    return heardMs !== undefined && nowMs - heardMs < this.times.suspectMs;
  }

  isCounted(taskId: TaskId): boolean {
    return this.leases.get(taskId)?.counted ?? true;
  }

  due(nowMs: DurationMs): { readonly leases: readonly DueLease[]; readonly incarnations: readonly string[] } {
    const leases = [...this.leases]
      .filter(([, lease]) => lease.dueMs <= nowMs)
      .map(([taskId, lease]) => ({ taskId, epoch: lease.epoch, counted: lease.counted }));
    const incarnations = [...this.heardMs]
      .filter(([, heardMs]) => heardMs + this.times.leaseMs <= nowMs)
      .map(([incarnation]) => incarnation);
    return { leases, incarnations };
  }

  private watch(lease: Lease, nowMs: DurationMs, counted: boolean): void {
    const { epoch, incarnation } = lease;
    this.leases.set(lease.taskId, { epoch, incarnation, dueMs: nowMs + this.times.leaseMs, counted, missed: 0 });
  }
}
