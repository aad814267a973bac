import type { LaneTable } from './lane-table.js';
import { NumberHeap } from './number-heap.js';
import type { QueuedTask } from './ordering-policy.js';
import type { WaitingTasks } from './waiting-tasks.js';

/** Below this many, dropping the dead is not worth a pass over the heap. */
const DEAD_KEPT = 64;

/** Tasks that wait, each with its lane. */
export type LaneTasks<T extends QueuedTask> = WaitingTasks<T, TenantLane<T>>;

/** A tenant within a class of a pool. */
export interface Flow<T extends QueuedTask> {
  /** Its number in the heaps of tenants. */
  readonly number: number;
  readonly tenantId: string;
  readonly weight: number;
  /** By shape; `laneList` is the same lanes, `table` what their order goes by. */
  readonly lanes: Map<number, TenantLane<T>>;
  laneList: TenantLane<T>[];
  readonly table: LaneTable;
  /** Lanes that are closed. */
  closedLanes: number;
  /** Virtual start of its next task, GPU-seconds per unit of weight. */
  tag: number;
  waiting: number;
  /** It keeps its place when it next has work: it had work all along, as the state that was brought says. */
  stands: boolean;
  /** It competes by length; otherwise it waits for its turn. */
  competes: boolean;
  /** It competes, but nothing of it may find room. */
  idle: boolean;
}

/** The tasks of one tenant and one shape within a class: shortest first, past the maximum wait oldest first. */
export class TenantLane<T extends QueuedTask> {
  private readonly shortest: NumberHeap;
  private readonly overdue: NumberHeap;
  private live = 0;
  /** Nothing of it may be served until it is opened again: the tenant is at its quota for tasks of this shape. */
  private isClosed = false;
  /** Its place in the table of its tenant. */
  private place = -1;
  private first = -1;

  constructor(
    readonly flow: Flow<T>,
    readonly shape: number,
    private readonly tasks: LaneTasks<T>,
  ) {
    this.shortest = new NumberHeap(tasks.isOlder, false);
    this.overdue = new NumberHeap(tasks.isOlder, false);
    this.enterTable();
  }

  /** Tasks that wait in it. */
  get size(): number {
    return this.live;
  }

  /** The task it would give next, -1 without one. */
  get head(): number {
    return this.first;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  set closed(closed: boolean) {
    this.isClosed = closed;
    this.refresh();
  }

  /** Its tenant's table was cleared, or it is new. */
  enterTable(): void {
    this.place = this.flow.table.append(this.shape);
    this.refresh();
  }

  add(number: number): void {
    this.tasks.hold(number);
    this.shortest.push(number, this.tasks.gpuSeconds[number] as number);
    this.live += 1;
    this.refresh();
  }

  /** Marks it: it is out of the lane, and soon out of its heaps. */
  remove(number: number): void {
    this.tasks.markGone(number);
    this.live -= 1;
    if (number === this.first) this.refresh();
    if (this.shortest.size > 2 * this.live + DEAD_KEPT) dropGone(this.shortest, this.tasks, this.tasks.gpuSeconds);
  }

  markOverdue(number: number): void {
    this.tasks.hold(number);
    this.tasks.markOverdue(number);
    this.overdue.push(number, this.tasks.requestedAt[number] as number);
    this.refresh();
  }

  private refresh(): void {
    const late = topOf(this.overdue, this.tasks);
    this.first = late === -1 ? topOf(this.shortest, this.tasks) : late;
    const key = late === -1 ? this.shortest.topKey : -1;
    this.flow.table.tell(this.place, this.first, this.isClosed ? Infinity : key);
  }
}

/** The first of a heap that is still there, -1 without one; what is gone is dropped on the way. */
export function topOf<T extends QueuedTask>(heap: NumberHeap, tasks: LaneTasks<T>): number {
  for (let top = heap.top; top !== -1; top = heap.top) {
    if (!tasks.isGone(top)) return top;
    heap.pop();
    tasks.drop(top);
  }
  return -1;
}

/** Drops all that is gone; O(n). */
export function dropGone<T extends QueuedTask>(heap: NumberHeap, tasks: LaneTasks<T>, keys: Float64Array): void {
  heap.retain(
    (number) => {
      const gone = tasks.isGone(number);
      if (gone) tasks.drop(number);
      return !gone;
    },
    (number) => keys[number] as number,
  );
}
