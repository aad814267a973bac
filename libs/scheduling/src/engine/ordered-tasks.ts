import type { WaitingTask } from './ports/task-store.port.js';

/** A waiting task in the lists that it stands in. It is taken out of all of them at once, by its mark. */
export interface QueuedEntry {
  readonly task: WaitingTask;
  gone: boolean;
}

export type TaskOrder = (a: WaitingTask, b: WaitingTask) => number;

/** Room for entries that have gone, before a short list is made anew. */
const GONE_MIN = 64;
/** Entries that came out of order, kept apart: each reading may sort so many, and more are folded into the list at once. */
const RECENT_MAX = 1_024;

/**
 * Waiting tasks in one total order: the first N are read, anything may come and go. What comes in order is appended, the
 * rest stands in a short list of its own, read beside the long one; what goes is passed over. Both become one list anew
 * when the short one is long, or half of all has gone: a reading costs what it shows, not what waits.
 */
export class OrderedTasks {
  private sorted: QueuedEntry[] = [];
  /** Entries at the front of `sorted` that are known to have gone. */
  private passed = 0;
  private recent: QueuedEntry[] = [];
  private recentInOrder = true;
  private gone = 0;

  constructor(private readonly order: TaskOrder) {}

  /** Entries that have not gone. */
  get size(): number {
    return this.sorted.length + this.recent.length - this.gone;
  }

  add(entry: QueuedEntry): void {
    if (this.isLast(entry, this.sorted)) {
      this.sorted.push(entry);
      return;
    }
    this.recentInOrder &&= this.isLast(entry, this.recent);
    this.recent.push(entry);
  }

  /** One of its entries was marked as gone. */
  noteGone(): void {
    this.gone += 1;
    if (this.gone > GONE_MIN && this.gone * 2 > this.sorted.length + this.recent.length) this.fold();
  }

  /** The first so many, in order. */
  first(limit: number): WaitingTask[] {
    if (this.recent.length > RECENT_MAX) this.fold();
    return this.entries(limit).map(({ task }) => task);
  }

  private isLast({ task }: QueuedEntry, list: readonly QueuedEntry[]): boolean {
    const last = list.at(-1);
    return last === undefined || this.order(last.task, task) <= 0;
  }

  private fold(): void {
    this.sorted = this.entries(Infinity);
    this.recent = [];
    this.passed = 0;
    this.gone = 0;
  }

  /** The first so many of both lists that have not gone. */
  private entries(limit: number): QueuedEntry[] {
    this.sortRecent();
    const { sorted, recent, order } = this;
    while (sorted[this.passed]?.gone === true) this.passed++;
    const found: QueuedEntry[] = [];
    let [at, recentAt] = [this.passed, 0];
    while (found.length < limit) {
      const old = sorted[at];
      const late = recent[recentAt];
      const isOldNext = late === undefined || (old !== undefined && order(old.task, late.task) <= 0);
      const next = isOldNext ? old : late;
      if (next === undefined) break;
      if (isOldNext) at++;
      else recentAt++;
      if (!next.gone) found.push(next);
    }
    return found;
  }

  private sortRecent(): void {
    if (this.recentInOrder) return;
    this.recent.sort((a, b) => this.order(a.task, b.task));
    this.recentInOrder = true;
  }
}
