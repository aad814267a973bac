import type { DurationMs, Instant, TaskId } from '@millrace/kernel';
import type { NewEvent } from '@millrace/messaging/ports';
import type { TaskCommand } from '../domain/task-command.js';
import { liveAttempt, type Task } from '../domain/task.js';
import { runGpuMs } from '../domain/run-length.js';
import { transition } from '../domain/transition.js';
import type { Lease } from './ports/lease-store.port.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import { runKeyOf } from './run-key.js';
import type { Closure } from './service-record.js';
import { toMessage } from './task-messages.js';

/** Messages that are made and stamped at once: what they are made of is garbage soon, and young. */
const TOLD_AT_A_TIME = 250;

/** The transitions of one batch: decided in memory, then written with one statement per store. */
export class TaskChanges {
  private readonly tasks: Map<TaskId, Task>;
  private readonly changed = new Set<TaskId>();
  /** In order; made when they are written. */
  private readonly messages: (() => NewEvent)[] = [];
  private readonly granted: Lease[] = [];
  private readonly ended: TaskId[] = [];
  private readonly closures: Closure[] = [];

  constructor(
    tasks: readonly Task[],
    private readonly options: { readonly now: Instant; readonly leaseMs: DurationMs },
  ) {
    this.tasks = new Map(tasks.map((task) => [task.id, task]));
  }

  /** The task as it stands after the commands so far. */
  task(id: TaskId): Task | undefined {
    return this.tasks.get(id);
  }

  /** Applies a command; false when the table has no rule for it. */
  apply(id: TaskId, command: Exclude<TaskCommand, { kind: 'requested' }>): boolean {
    const before = this.tasks.get(id);
    if (before === undefined) return false;
    const { next, events, applied } = transition(before, command, this.options.now);
    if (!applied) return false;
    this.tasks.set(id, next);
    this.changed.add(id);
    for (const event of events) this.messages.push(() => toMessage(next, event, this.options.leaseMs));
    this.noteLease(before, next);
    return true;
  }

  /** Adds a message that is no task's transition, in order with those that are. */
  tell(message: NewEvent): void {
    this.messages.push(() => message);
  }

  /** Leases given and ended by this batch: what the leader's watch learns once the transaction is through. */
  leases(): { readonly granted: readonly Lease[]; readonly ended: readonly TaskId[] } {
    return { granted: this.granted, ended: this.ended };
  }

  /** Attempts that this batch ended: what the leader's record learns once the transaction is through. */
  closed(): readonly Closure[] {
    return this.closures;
  }

  /**
   * One statement at a time; meanwhile the messages, which no statement changes, are made and stamped. Rejects only when
   * both are over: a statement sent after that would stand outside of the transaction.
   */
  async write(scope: SchedulingScope): Promise<void> {
    const outcomes = await Promise.allSettled([this.writeRows(scope), this.tellAll(scope)]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    await this.writeHistory(scope);
  }

  private async writeRows({ tasks, leases }: SchedulingScope): Promise<void> {
    const changed = [...this.changed].flatMap((id) => this.tasks.get(id) ?? []);
    if (changed.length > 0) await tasks.save(changed);
    if (this.ended.length > 0) await leases.end(this.ended);
    if (this.granted.length > 0) await leases.grant(this.granted);
  }

  /** Into the outbox, which keeps them until the commit: no statement of its own. */
  private async tellAll({ outbox }: SchedulingScope): Promise<void> {
    for (let from = 0; from < this.messages.length; from += TOLD_AT_A_TIME) {
      await outbox.add(this.messages.slice(from, from + TOLD_AT_A_TIME).map((make) => make()));
    }
  }

  private async writeHistory({ history }: SchedulingScope): Promise<void> {
    const { closures } = this;
    const served = closures
      .map(({ task: { priority, tenantId }, attempt: { gpuMs } }) => ({ priority, tenantId, gpuMs }))
      .filter(({ gpuMs }) => gpuMs > 0);
    const runs = closures.flatMap(({ task, attempt, runGpuMs: gpuMs }) =>
      gpuMs === undefined ? [] : [{ key: runKeyOf(task, attempt.pool), gpuMs }],
    );
    if (served.length > 0) await history.addServed(served, this.options.now);
    if (runs.length > 0) await history.addRuns(runs, this.options.now);
  }

  private noteLease(before: Task, next: Task): void {
    const had = liveAttempt(before);
    const has = liveAttempt(next);
    const last = next.attempts.at(-1);
    if (had !== undefined && has === undefined && last !== undefined) {
      this.ended.push(next.id);
      this.closures.push({ task: next, attempt: last, runGpuMs: runGpuMs(next) });
    }
    if (had === undefined && has !== undefined) {
      const { number, epoch, workerId, incarnation } = has;
      this.granted.push({ taskId: next.id, attempt: number, epoch, workerId, incarnation });
    }
  }
}
