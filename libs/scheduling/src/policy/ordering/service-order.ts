import { invariant, type Instant } from '@millrace/kernel';
import { FairQueue } from './fair-queue.js';
import { compareIds } from './ordering.js';
import type { FairShares, OrderingPolicy, QueuedTask } from './ordering-policy.js';
import type { ShapeState, Waiting } from './tenant-lane.js';

/** What it takes to get ready for a shape where there is room now (load its model), GPU-seconds; 0 where it is warm. */
export type SetupGpuSeconds = (shape: string) => number;

/** Shapes that may come before those without tasks are looked through. */
const SHAPES_KEPT = 1_024;

/** Served tasks that are forgotten with each task that comes. */
const FORGOTTEN_PER_ADD = 2;

/**
 * The order of service (scheduling.md section 1; QUE-01, 02, 10, 13):
 * 1. the higher class first, strictly; a task past its class's lift age counts with the class above;
 * 2. inside a class, the tenants of each pool by start-time fair queueing, with some slack;
 * 3. among the tenants in turn, tasks past the maximum wait first, the oldest first;
 * 4. then the fewest predicted GPU-seconds with what it takes to get ready;
 * 5. then the task requested first; ties by id, so that the order is total.
 *
 * One owner, no clock: a cycle is `begin`, then `next` with `take`, `pass`, `closeShape` or `closeLane` until `next` has
 * nothing. Each step is O(log n); once a cycle each tenant in turn ranks its shapes. It may live on from cycle to cycle (`add`, `remove`), or be built for one.
 */
export class ServiceOrder<T extends QueuedTask> {
  private readonly queues = new Map<string, FairQueue<T>>();
  /** By class from high to low, then by pool: two pools don't compete. */
  private ranked: FairQueue<T>[] = [];
  /** By id, with those of `served`. */
  private readonly tasks = new Map<string, Waiting<T>>();
  /** Served, and still in `tasks`: taking a task looks nothing up, the tasks that come later do. */
  private readonly served: Waiting<T>[] = [];
  private waiting = 0;
  private readonly shapes = new Map<string, ShapeState>();
  private shapesKept = 0;
  private closed: ShapeState[] = [];
  private passed: { readonly task: T; readonly queue: FairQueue<T> }[] = [];
  private current: Waiting<T> | undefined;
  /** Rank of the queue of the current task; the queues before it have nothing more in this cycle. */
  private rank = 0;

  constructor(
    private readonly policy: OrderingPolicy,
    shares: FairShares = [],
  ) {
    for (const share of shares) this.openQueue(share.priority, share.pool, share);
  }

  /** Tasks that wait, without those that were passed over in this cycle. */
  get size(): number {
    return this.waiting;
  }

  /** A task waits. An id that waits already is refused: it would be served twice. */
  add(task: T): void {
    this.forgetServed();
    invariant(this.tasks.get(task.id)?.gone !== false, `task ${task.id} waits once`);
    invariant(task.gpuSeconds >= 0, `task ${task.id} takes some GPU time or none`);
    this.put(task, this.queueOf(task.priority, task.pool), false);
  }

  /** It waits no more (cancelled, expired). Returns whether it did. */
  remove(id: string): boolean {
    const waiting = this.tasks.get(id);
    if (waiting === undefined || waiting.gone) {
      const kept = this.passed.filter(({ task }) => task.id !== id);
      const was = kept.length < this.passed.length;
      this.passed = kept;
      return was;
    }
    this.drop(waiting);
    this.ranked.find((queue) => queue.has(waiting))?.remove(waiting);
    return true;
  }

  /** A new cycle: every shape and tenant is open again, passed tasks are back, tasks have grown older. */
  begin(now: Instant, setup?: SetupGpuSeconds): void {
    this.restart();
    for (const shape of this.closed) shape.open = true;
    this.closed.length = 0;
    for (const { task, queue } of this.passed.splice(0)) this.put(task, queue, true);
    for (const shape of this.shapes.values())
      shape.setupGpuSeconds = (setup?.(shape.name) ?? 0) * this.policy.setupFactor;
    for (const queue of this.ranked) queue.begin(now);
    if (this.shapes.size > 2 * this.shapesKept + SHAPES_KEPT) this.forgetShapes();
    // From low to high, so that what is lifted once may be lifted again.
    for (const queue of this.ranked.toReversed()) this.lift(queue, now);
  }

  /** The task to serve next: the same one until it is taken, passed over or closed. Undefined: nothing may find room. */
  next(): T | undefined {
    if (this.current !== undefined) return this.current.task;
    for (; this.rank < this.ranked.length; this.rank++) {
      this.current = this.ranked[this.rank]?.next();
      if (this.current !== undefined) return this.current.task;
    }
    return undefined;
  }

  /** The current task is served: its tenant pays the predicted GPU-seconds. */
  take(): void {
    const waiting = this.currentTask();
    this.currentQueue().take(waiting);
    this.served.push(waiting);
    this.waiting -= 1;
    this.current = undefined;
  }

  /** The current task sits this cycle out (it pauses after a failure); others of its shape don't. */
  pass(): void {
    const waiting = this.drop(this.currentTask());
    const queue = this.currentQueue();
    queue.remove(waiting);
    this.passed.push({ task: waiting.task, queue });
  }

  /** Nothing of the current task's shape finds room in this cycle. */
  closeShape(): void {
    const shape = this.currentTask().lane.contest.shape;
    shape.open = false;
    this.closed.push(shape);
    this.current = undefined;
  }

  /**
   * Nothing of the current task's tenant and shape may be served in its class, in this cycle and the next ones, until
   * `openTenant`: so much is over the quota, and something smaller may not be (SCH-39).
   */
  closeLane(): void {
    this.currentQueue().closeLane(this.currentTask().lane);
    this.current = undefined;
  }

  /** Something of the tenant's ended: what was closed by `closeLane` is open again, or what of it may start now. */
  openTenant(tenantId: string, mayStart?: (task: T) => boolean): void {
    for (const queue of this.ranked) queue.openLanes(tenantId, mayStart);
    this.restart();
  }

  /** What a taken task cost more (or less, negative) than predicted: its tenant is charged for it. */
  settle(task: Pick<QueuedTask, 'tenantId' | 'priority' | 'pool'>, gpuSeconds: number): void {
    this.queueOf(task.priority, task.pool).charge(task.tenantId, gpuSeconds);
  }

  /** The state of fair sharing, for the next cycle or leader. */
  shares(): FairShares {
    return this.ranked.map((queue) => queue.share());
  }

  private forgetShapes(): void {
    const used = new Set(this.ranked.flatMap((queue) => [...queue.shapeNames()]));
    for (const name of this.shapes.keys()) if (!used.has(name)) this.shapes.delete(name);
    this.shapesKept = this.shapes.size;
  }

  private lift(queue: FairQueue<T>, now: Instant): void {
    if (queue.priority >= this.policy.highestPriority) return;
    const above = this.queueOf(queue.priority + 1, queue.pool);
    let some = false;
    for (const waiting of queue.lifted(now)) {
      queue.remove(waiting);
      this.put(waiting.task, above, false);
      some = true;
    }
    if (some) above.begin(now);
  }

  private put(task: T, queue: FairQueue<T>, returns: boolean): void {
    const waiting = queue.add(task, this.shapeOf(task), returns);
    this.waiting += 1;
    this.tasks.set(task.id, waiting);
    this.restart();
  }

  private drop(waiting: Waiting<T>): Waiting<T> {
    this.waiting -= 1;
    this.tasks.delete(waiting.task.id);
    this.current = undefined;
    return waiting;
  }

  private forgetServed(): void {
    for (let left = FORGOTTEN_PER_ADD; left > 0; left--) {
      const id = this.served.pop()?.task.id;
      // The id may have come back since.
      if (id !== undefined && this.tasks.get(id)?.gone === true) this.tasks.delete(id);
    }
  }

  /** What was found for `next` holds no more. */
  private restart(): void {
    this.current = undefined;
    this.rank = 0;
  }

  private currentTask(): Waiting<T> {
    invariant(this.current !== undefined, 'next() has given a task');
    return this.current;
  }

  private currentQueue(): FairQueue<T> {
    const queue = this.ranked[this.rank];
    invariant(queue !== undefined, 'next() has given a task');
    return queue;
  }

  private shapeOf({ shape }: T): ShapeState {
    const known = this.shapes.get(shape);
    if (known !== undefined) return known;
    const made: ShapeState = { name: shape, open: true, setupGpuSeconds: 0 };
    this.shapes.set(shape, made);
    return made;
  }

  private queueOf(priority: number, pool: string): FairQueue<T> {
    return this.queues.get(`${priority}/${pool}`) ?? this.openQueue(priority, pool);
  }

  private openQueue(priority: number, pool: string, share?: FairShares[number]): FairQueue<T> {
    const { classes, otherwise, slackGpuSeconds, weights } = this.policy;
    const limits = classes.get(priority) ?? otherwise;
    const weightOf = (tenantId: string): number => weights.get(tenantId) ?? 1;
    const queue = new FairQueue<T>(priority, pool, limits, slackGpuSeconds, weightOf, share);
    this.queues.set(`${priority}/${pool}`, queue);
    this.ranked = [...this.queues.values()].toSorted((a, b) => b.priority - a.priority || compareIds(a.pool, b.pool));
    this.restart();
    return queue;
  }
}
