import { invariant, type Instant } from '@millrace/kernel';
import { FairQueue } from './fair-queue.js';
import { compareIds } from './ordering.js';
import type { FairShare, FairShares, OrderingPolicy, QueuedTask } from './ordering-policy.js';
import { ShapeCosts } from './shape-costs.js';
import { WaitingTasks } from './waiting-tasks.js';

/** What it takes to get ready for a shape where there is room now (load its model), GPU-seconds; 0 where it is warm. */
export type SetupGpuSeconds = (shape: string) => number;

/** Shapes that may come before those without tasks are looked through. */
const SHAPES_KEPT = 1_024;

/** Classes of pools at most. */
const QUEUES_LIMIT = 1 << 16;

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
  /** The same, by their numbers. */
  private readonly numbered: FairQueue<T>[] = [];
  private readonly tasks = new WaitingTasks<T>();
  private readonly shapes = new ShapeCosts();
  private shapesKept = 0;
  /** By shape. */
  private readonly examples: (T | undefined)[] = [];
  /** By id, with those of `served`. */
  private readonly numbers = new Map<string, number>();
  /** Served, and still in `numbers`: taking a task looks nothing up, the tasks that come later do. */
  private readonly served: number[] = [];
  private waiting = 0;
  /** By tenant, the queues with lanes of it that are closed. */
  private readonly closedFor = new Map<string, Set<FairQueue<T>>>();
  private passed: { readonly task: T; readonly queue: FairQueue<T>; readonly isNoted: boolean }[] = [];
  /** The task that `next` gave, -1 when it is to be found. */
  private current = -1;
  /** Rank of the queue of the current task; the queues before it have nothing more in this cycle. */
  private rank = 0;

  constructor(
    private readonly policy: OrderingPolicy,
    shares: FairShares = [],
  ) {
    for (const share of shares) this.openQueue(share.priority, share.pool).resume(share);
  }

  /** Tasks that wait, without those that were passed over in this cycle. */
  get size(): number {
    return this.waiting;
  }

  /**
   * A task waits. An id that waits already is refused: it would be served twice. `isNoted`: `isNoted` will say so when it
   * comes up, so that whoever serves it need not look at every task for what few have.
   */
  add(task: T, isNoted = false): void {
    this.forgetServed();
    invariant(!this.isWaiting(task.id), `task ${task.id} waits once`);
    invariant(task.gpuSeconds >= 0, `task ${task.id} takes some GPU time or none`);
    this.put(task, this.queueOf(task.priority, task.pool), false, isNoted);
  }

  /** It waits no more (cancelled, expired). Returns whether it did. */
  remove(id: string): boolean {
    if (!this.isWaiting(id)) {
      const kept = this.passed.filter(({ task }) => task.id !== id);
      const was = kept.length < this.passed.length;
      this.passed = kept;
      return was;
    }
    const number = this.numbers.get(id) as number;
    this.withdraw(number);
    return true;
  }

  /** A new cycle: every shape and tenant is open again, passed tasks are back, tasks have grown older. */
  begin(now: Instant, setup?: SetupGpuSeconds): void {
    this.restart();
    const opened = this.shapes.open();
    for (const queue of this.ranked) queue.shapesOpened(opened);
    for (const { task, queue, isNoted } of this.passed.splice(0)) this.put(task, queue, true, isNoted);
    const { setupFactor } = this.policy;
    this.shapes.price((shape) => (setup?.(shape) ?? 0) * setupFactor);
    for (const queue of this.ranked) queue.begin(now);
    if (this.shapes.size > 2 * this.shapesKept + SHAPES_KEPT) this.forgetShapes();
    // From low to high, also through queues that a lift opens: what is lifted once may be lifted again.
    for (let risen = 1; risen <= this.ranked.length; risen++) this.lift(this.ranked.at(-risen), now);
  }

  /** The task to serve next: the same one until it is taken, passed over or closed. Undefined: nothing may find room. */
  next(): T | undefined {
    for (; this.current === -1 && this.rank < this.ranked.length; this.rank++) {
      this.current = (this.ranked[this.rank] as FairQueue<T>).next();
      if (this.current !== -1) break;
    }
    return this.current === -1 ? undefined : this.tasks.of(this.current);
  }

  /**
   * Some task of the current one's shape, and some task of its tenant. What is the same for all of them is asked of these:
   * the current task, one of very many, is nowhere near, while these were looked at a moment ago.
   */
  exampleOfShape(): T {
    return this.examples[this.currentQueue().shapeOf(this.currentNumber())] as T;
  }

  exampleOfTenant(): T {
    return this.currentQueue().exampleOfTenant(this.currentNumber());
  }

  /** When the current task was requested. */
  requestedAt(): Instant {
    return this.tasks.requestedAt[this.currentNumber()] as number;
  }

  /** Whether the current task was added with a note. */
  isNoted(): boolean {
    return this.tasks.isNoted(this.currentNumber());
  }

  /** The current task is served: its tenant pays the predicted GPU-seconds, and what was not predicted, in the class that it is served in. */
  take(unpredictedGpuSeconds = 0): void {
    const number = this.currentNumber();
    this.currentQueue().take(number, unpredictedGpuSeconds);
    this.served.push(number);
    this.waiting -= 1;
    this.current = -1;
  }

  /** The current task sits this cycle out (it pauses after a failure); others of its shape don't. */
  pass(): void {
    const number = this.currentNumber();
    const isNoted = this.tasks.isNoted(number);
    this.passed.push({ task: this.tasks.of(number), queue: this.currentQueue(), isNoted });
    this.withdraw(number);
  }

  /** Nothing of the current task's shape finds room in this cycle. */
  closeShape(): void {
    const shape = this.currentQueue().shapeOf(this.currentNumber());
    for (const queue of this.ranked) queue.closeShape(shape);
    this.shapes.close(shape);
    this.current = -1;
  }

  /**
   * Nothing of the current task's tenant and shape may be served in its class, in this cycle and the next ones, until
   * `openTenant`: so much is over the quota, and something smaller may not be (SCH-39).
   */
  closeLane(): void {
    const queue = this.currentQueue();
    const { tenantId } = queue.exampleOfTenant(this.currentNumber());
    queue.closeLaneOf(this.currentNumber());
    const closed = this.closedFor.get(tenantId);
    if (closed === undefined) this.closedFor.set(tenantId, new Set([queue]));
    else closed.add(queue);
    this.current = -1;
  }

  /** Something of the tenant's ended: what was closed by `closeLane` is open again, or what of it may start now. */
  openTenant(tenantId: string, mayStart?: (task: T) => boolean): void {
    const queues = this.closedFor.get(tenantId);
    if (queues === undefined) return;
    for (const queue of queues) if (queue.openLanes(tenantId, mayStart)) queues.delete(queue);
    if (queues.size === 0) this.closedFor.delete(tenantId);
    this.restart();
  }

  /** The state of fair sharing, for the next cycle or leader. */
  shares(): FairShares {
    return this.ranked.map((queue): FairShare => queue.share());
  }

  private forgetShapes(): void {
    const used = new Set<number>();
    for (const queue of this.ranked) queue.addShapes(used);
    for (const shape of this.shapes.keep(used)) this.examples[shape] = undefined;
    this.shapesKept = this.shapes.size;
  }

  private lift(queue: FairQueue<T> | undefined, now: Instant): void {
    if (queue === undefined) return;
    const { priority, pool } = queue.terms;
    if (priority >= this.policy.highestPriority) return;
    const above = this.queueOf(priority + 1, pool);
    let some = false;
    for (let number = queue.lifted(now); number !== -1; number = queue.lifted(now)) {
      const task = this.tasks.of(number);
      const isNoted = this.tasks.isNoted(number);
      this.withdraw(number);
      this.put(task, above, false, isNoted);
      some = true;
    }
    if (some) above.begin(now);
  }

  private put(task: T, queue: FairQueue<T>, returns: boolean, isNoted: boolean): void {
    // One that was served, or passed over, under this id.
    const before = this.numbers.get(task.id);
    const shape = this.shapes.of(task.shape);
    this.examples[shape] ??= task;
    this.numbers.set(task.id, queue.add(task, shape, returns, isNoted));
    if (before !== undefined) this.tasks.drop(before);
    this.waiting += 1;
    this.restart();
  }

  private withdraw(number: number): void {
    this.waiting -= 1;
    this.numbers.delete(this.tasks.of(number).id);
    (this.numbered[this.tasks.queueOf(number)] as FairQueue<T>).remove(number);
    this.tasks.drop(number);
    this.current = -1;
  }

  private isWaiting(id: string): boolean {
    const number = this.numbers.get(id);
    return number !== undefined && !this.tasks.isGone(number);
  }

  private forgetServed(): void {
    for (let left = FORGOTTEN_PER_ADD; left > 0; left--) {
      const number = this.served.pop();
      if (number === undefined) return;
      this.forgetOne(number);
    }
  }

  /** The number may have been given away since, or the id may have come back. */
  private forgetOne(number: number): void {
    const id = this.tasks.idOf(number);
    if (id === undefined || this.numbers.get(id) !== number || !this.tasks.isGone(number)) return;
    this.numbers.delete(id);
    this.tasks.drop(number);
  }

  /** What was found for `next` holds no more. */
  private restart(): void {
    this.current = -1;
    this.rank = 0;
  }

  private currentNumber(): number {
    invariant(this.current !== -1, 'next() has given a task');
    return this.current;
  }

  private currentQueue(): FairQueue<T> {
    return this.ranked[this.rank] as FairQueue<T>;
  }

  private queueOf(priority: number, pool: string): FairQueue<T> {
    return this.queues.get(`${priority}/${pool}`) ?? this.openQueue(priority, pool);
  }

  private openQueue(priority: number, pool: string): FairQueue<T> {
    const { classes, otherwise, slackGpuSeconds, weights } = this.policy;
    const limits = classes.get(priority) ?? otherwise;
    const weightOf = (tenantId: string): number => weights.get(tenantId) ?? 1;
    const number = this.numbered.length;
    invariant(number < QUEUES_LIMIT, `there are fewer than ${QUEUES_LIMIT} classes of pools`);
    const terms = { number, priority, pool, limits, slackGpuSeconds, weightOf };
    const queue = new FairQueue<T>(terms, this.tasks, this.shapes);
    this.numbered.push(queue);
    this.queues.set(`${priority}/${pool}`, queue);
    this.ranked = [...this.queues.values()].toSorted(byRank);
    this.restart();
    return queue;
  }
}

function byRank({ terms: a }: Pick<FairQueue<never>, 'terms'>, { terms: b }: Pick<FairQueue<never>, 'terms'>): number {
  return b.priority - a.priority || compareIds(a.pool, b.pool);
}
