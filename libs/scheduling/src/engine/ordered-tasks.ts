import type { WaitingTask } from './ports/task-store.port.js';

/** A waiting task in the lists that it stands in. It is taken out of all of them at once, by its mark. */
export interface QueuedEntry {
  readonly task: WaitingTask;
  gone: boolean;
}

export type TaskOrder = (a: WaitingTask, b: WaitingTask) => number;

/** Room for entries that have gone, before a short list is made anew. */
const GONE_MIN = 64;

/**
 * Waiting tasks in one total order: the first N are read, anything may come and go. What comes in order is appended, the
 * rest is merged in at the next reading; what goes is passed over, and dropped once it is half of the list.
 */
export class OrderedTasks {
  private sorted: QueuedEntry[] = [];
  private recent: QueuedEntry[] = [];
  private gone = 0;

  constructor(private readonly order: TaskOrder) {}

  /** Entries that have not gone. */
  get size(): number {
    return this.sorted.length + this.recent.length - this.gone;
  }

  add(entry: QueuedEntry): void {
    const last = this.sorted.at(-1);
    const isInOrder = last === undefined || this.order(last.task, entry.task) <= 0;
    if (isInOrder && this.recent.length === 0) this.sorted.push(entry);
    else this.recent.push(entry);
  }

  /** One of its entries was marked as gone. */
  noteGone(): void {
    this.gone += 1;
    if (this.gone > GONE_MIN && this.gone * 2 > this.sorted.length + this.recent.length) this.dropGone();
  }

  /** The first so many, in order. */
  first(limit: number): WaitingTask[] {
    if (this.recent.length > 0) this.merge();
    const shown: WaitingTask[] = [];
    for (let at = 0; at < this.sorted.length && shown.length < limit; at++) {
      const entry = this.sorted[at];
      if (entry?.gone === false) shown.push(entry.task);
    }
    return shown;
  }

  private dropGone(): void {
    this.sorted = this.sorted.filter(({ gone }) => !gone);
    this.recent = this.recent.filter(({ gone }) => !gone);
    this.gone = 0;
  }

  private merge(): void {
    this.dropGone();
    const { sorted, order } = this;
    const recent = this.recent.sort((a, b) => order(a.task, b.task));
    const merged: QueuedEntry[] = [];
    let at = 0;
    for (const entry of recent) {
      for (let next = sorted[at]; next !== undefined && order(next.task, entry.task) <= 0; next = sorted[++at]) {
        merged.push(next);
      }
      merged.push(entry);
    }
    for (; at < sorted.length; at++) merged.push(sorted[at] as QueuedEntry);
    this.sorted = merged;
    this.recent = [];
  }
}
