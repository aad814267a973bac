import { Heap } from '@millrace/kernel';
import { compareIds } from './ordering.js';
import type { QueuedTask } from './ordering-policy.js';

/** A task in a lane. It is marked when it leaves, and dropped from the heaps when it comes to their top. */
export interface Waiting<T extends QueuedTask> {
  readonly task: T;
  readonly lane: TenantLane<T>;
  overdue: boolean;
  gone: boolean;
  /** Where it stands in its class by age: among those that are overdue and may be lifted, or those that are not; -1: nowhere. */
  ageIndex: number;
}

export function ageKey<T extends QueuedTask>({ task }: Waiting<T>): number {
  return task.requestedAt;
}

function lengthKey<T extends QueuedTask>({ task }: Waiting<T>): number {
  return task.gpuSeconds;
}

/** Order by age: the task requested first, ties by id. */
export function isOlder<T extends QueuedTask>(a: Waiting<T>, b: Waiting<T>): boolean {
  const apart = a.task.requestedAt - b.task.requestedAt;
  return apart === 0 ? compareIds(a.task.id, b.task.id) < 0 : apart < 0;
}

/** Order by length: the fewest predicted GPU-seconds, then by age. Tasks of the same length are first come, first served. */
function isShorter<T extends QueuedTask>(a: Waiting<T>, b: Waiting<T>): boolean {
  const apart = a.task.gpuSeconds - b.task.gpuSeconds;
  return apart === 0 ? isOlder(a, b) : apart < 0;
}

/**
 * Order inside a class among tenants whose turn it is:
 * 1. tasks past the maximum wait, the oldest first;
 * 2. the shortest, with what it takes to get ready for it;
 * 3. the task requested first;
 * 4. ties by id.
 */
export function goesFirst<T extends QueuedTask>(a: Waiting<T>, b: Waiting<T>, setupA: number, setupB: number): boolean {
  if (a.overdue !== b.overdue) return a.overdue;
  if (a.overdue) return isOlder(a, b);
  // Sum against sum: taken off one after the other, equal lengths would not be equal in floating point.
  const apart = a.task.gpuSeconds + setupA - (b.task.gpuSeconds + setupB);
  return apart === 0 ? isOlder(a, b) : apart < 0;
}

/** Below this many, dropping the dead is not worth a pass over the heap. */
const DEAD_KEPT = 64;

/** A tenant within a class of a pool. */
export interface Flow<T extends QueuedTask> {
  readonly tenantId: string;
  readonly weight: number;
  /** By shape; `laneList` is the same lanes, to be walked without an iterator. */
  readonly lanes: Map<string, TenantLane<T>>;
  laneList: TenantLane<T>[];
  /** Of each lane of the list, the first part of the order: below 0 when its head is overdue, else its length; Infinity without a head. */
  laneKeys: number[];
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
  /** While it competes: its first task that may find room. The key is below 0 when that is overdue, else its length with
   * the setup of its shape. */
  best: Waiting<T> | undefined;
  bestKey: number;
  bestSetup: number;
  /** Where it stands among the tenants with work, those in turn, and those that wait for their turn; -1: it doesn't. */
  index: number;
  turnIndex: number;
  laterIndex: number;
}

/** The lanes of one shape within a class of a pool. */
export interface Contest {
  readonly shape: ShapeState;
  /** Tasks in lanes of this shape that are not closed, whether they compete or not. */
  waiting: number;
}

/** A shape as this cycle sees it: whether anything of it may still find room, and what getting ready for it costs. */
export interface ShapeState {
  readonly name: string;
  open: boolean;
  setupGpuSeconds: number;
}

/** The tasks of one tenant and one shape within a class: shortest first, past the maximum wait oldest first. */
export class TenantLane<T extends QueuedTask> {
  private readonly shortest = new Heap<Waiting<T>>(lengthKey, isShorter);
  private readonly overdue = new Heap<Waiting<T>>(ageKey, isOlder);
  private live = 0;
  /** Nothing of it may be served until it is opened again: the tenant is at its quota for tasks of this shape. */
  closed = false;
  /** The task it would give next. */
  head: Waiting<T> | undefined;
  /** Where it stands in the list of its tenant's lanes. */
  position = -1;

  constructor(
    readonly flow: Flow<T>,
    readonly contest: Contest,
  ) {}

  /** Tasks that wait in it. */
  get size(): number {
    return this.live;
  }

  add(task: T): Waiting<T> {
    const waiting: Waiting<T> = { task, lane: this, overdue: false, gone: false, ageIndex: -1 };
    this.shortest.push(waiting);
    this.live += 1;
    this.refresh();
    return waiting;
  }

  remove(waiting: Waiting<T>): void {
    waiting.gone = true;
    this.live -= 1;
    if (this.shortest.size > 2 * this.live + DEAD_KEPT) this.shortest.retain((kept) => !kept.gone);
    if (waiting === this.head) this.refresh();
  }

  markOverdue(waiting: Waiting<T>): void {
    waiting.overdue = true;
    this.overdue.push(waiting);
    this.refresh();
  }

  /** First part of the order of its head among the lanes of its tenant (`Flow.laneKeys`). */
  get headKey(): number {
    if (this.head === undefined) return Infinity;
    return this.head.overdue ? -1 : this.head.task.gpuSeconds;
  }

  private refresh(): void {
    const late = topOf(this.overdue);
    this.head = late ?? topOf(this.shortest);
    this.flow.laneKeys[this.position] = late === undefined ? this.shortest.leastKey : -1;
  }
}

/** The first of a heap that is still there. */
export function topOf<T extends QueuedTask>(heap: Heap<Waiting<T>>): Waiting<T> | undefined {
  for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
    if (!top.gone) return top;
    heap.pop();
  }
  return undefined;
}
